-- Who speaks in a CSAF document, and whether it is final: only a vendor's final word is applied. Null: imported before this was read.
alter table vex_statement add column publisher_category text, add column document_status text;

-- One row: a finding that a vendor's statement clears for certain (model/vendor-word.ts), counted after each import.
create table vex_cleared (
  host_id integer not null,
  check_id integer not null,
  primary key (host_id, check_id)
);
-- Of the machines of a row, those that are cleared so: they stay in the row, and set no date.
alter table scan_open add column cleared_hosts integer not null default 0;
