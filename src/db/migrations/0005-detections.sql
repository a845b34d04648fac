-- Our own detections. One row says how far the rules have looked, by receipt; while a stretch is under way it is written down before
-- anything is raised, so that after a kill the very same stretch is looked at again and raises the very same messages.
create table detection_watermark (
  one boolean primary key default true check (one),
  looked_until timestamptz not null,
  under_way_to timestamptz,
  looked_at timestamptz,
  says text not null default ''
);
-- Alerts of the last hour: more of the same rule and entity joins them.
create table detection_open (
  rule_id text not null,
  entity text not null,
  ticket text not null,
  part integer not null,
  count bigint not null,
  counted text not null,
  first_at timestamptz not null,
  last_at timestamptz not null,
  began_at timestamptz not null,
  primary key (rule_id, entity)
);
-- How each rule is: whether it could look, and what it saw.
create table detection_rule (
  rule_id text primary key,
  title text not null,
  level text,
  looked_at timestamptz not null,
  not_run text,
  hits bigint not null default 0,
  last_hit_at timestamptz
);
