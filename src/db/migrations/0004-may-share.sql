-- What an agreement lets leave is a list of known classes now, without secrets; free text was taken before.
update provider set config = jsonb_set(config, '{mayShare}', coalesce((
  select jsonb_agg(class) from jsonb_array_elements_text(config -> 'mayShare') as class
  where class in ('person', 'account', 'host', 'internal-address', 'internal-url', 'personal', 'hr', 'health', 'path')), '[]'));
