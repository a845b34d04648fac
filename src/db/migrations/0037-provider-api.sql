-- Released answers through the provider's own API: what left by which way, and how far an answer of several requests has come.

alter table egress drop constraint egress_channel_check;
alter table egress add constraint egress_channel_check check (channel in ('mail', 'provider-api'));

-- One row: a request of a released answer that was begun. `telling` is written before it goes and stays where no answer came.
create table reply_request (
  reply_id uuid not null references reply (id) on delete cascade,
  n integer not null check (n >= 0),
  tells text[] not null,                                       -- status, verdict, comment
  state text not null check (state in ('telling', 'taken')),
  at timestamptz not null,
  primary key (reply_id, n)
);

-- What a provider's ticket was found to be, as it was read last.
alter table elsewhere_link add column their_verdict text;
