-- Keys for a provider's own systems at the second door. They are keys like any other (api_key), of one account of a program for each
-- provider; here is what the trail needs to say which key it was.
create unique index app_user_systems_of_provider on app_user (provider_id) where kind = 'service' and provider_id is not null;

alter table provider_request add column key_id uuid references api_key (id);

alter table provider_look
  add column key_id uuid references api_key (id),
  drop constraint provider_look_pkey,
  -- Once an hour for each person, and for each key: two keys of one account are two lines.
  add constraint provider_look_once unique nulls not distinct (user_id, what, subject, hour, key_id);
