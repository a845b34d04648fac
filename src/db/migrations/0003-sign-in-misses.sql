-- Misses count by account and by the network they come from (an IPv4 address, an IPv6 /64): whoever guesses makes their own
-- network wait, and not the account's owner. Where it comes from is forgotten after a day without a miss.
create table sign_in_miss (
  user_id uuid not null references app_user (id),
  network text not null,
  misses integer not null,
  locked_until timestamptz,
  last_at timestamptz not null,
  primary key (user_id, network)
);
create index sign_in_miss_age on sign_in_miss (last_at);
alter table app_user drop column failed_sign_ins, drop column locked_until;
