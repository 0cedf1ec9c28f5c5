-- Makes a trader of a template, under the template's name unless another is given. Repeating the
-- call with its idempotency key answers the same, whatever became of the template.
create or replace function public.clone_template(
  p_slug text,
  p_name text default null,
  p_enabled boolean default true,
  p_key text default null
)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_answer jsonb;
  v_template public.templates;
begin
  v_answer := coalesce(
    candlewatch.take_call(),
    candlewatch.recall_answer(p_key, jsonb_build_array(
      'clone_template', p_slug, p_name, p_enabled
    ))
  );
  if v_answer is not null then
    return v_answer;
  end if;
  select t.* into v_template from public.templates as t where t.slug = p_slug;
  if not found then
    perform candlewatch.refuse('CW004', format('there is no template %s', left(p_slug, 40)),
      'list the templates and use a slug from there');
  end if;
  v_answer := candlewatch.insert_trader(
    coalesce(p_name, v_template.name), v_template.filter, v_template.timeframe,
    v_template.universe, p_enabled, v_template.emit, 0, 0
  );
  perform candlewatch.remember_answer(p_key, v_answer);
  return v_answer;
end
$$;

comment on function public.clone_template(text, text, boolean, text) is
  'Makes a trader of a template and starts it.';
