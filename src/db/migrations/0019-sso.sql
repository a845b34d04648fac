-- One row: a sign-in that was sent to the identity provider and has not come back. Taken away when it does, once.
create table sso_flow (
  cookie_digest text primary key,                              -- of the cookie that ties it to the browser it began in
  state text not null,
  nonce text not null,
  verifier text not null,                                      -- of PKCE; worthless after the flow, and without the cookie before
  user_id uuid references app_user (id),                       -- somebody signed in who ties the identity to their account
  created_at timestamptz not null,
  expires_at timestamptz not null
);

-- One row: who somebody is at the identity provider. By its subject, never by a mail address, which others may get.
create table sso_identity (
  issuer text not null,
  subject text not null,
  user_id uuid not null references app_user (id),
  managed boolean not null,                                    -- made by a first sign-in: its role follows the groups
  created_at timestamptz not null,
  primary key (issuer, subject)
);
create index sso_identity_user on sso_identity (user_id);
