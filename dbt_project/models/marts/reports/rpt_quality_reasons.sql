with reasons as (
    select * from {{ ref('int_quality_reasons_weekly') }}
),

rules as (
    select * from {{ ref('rules') }}
)

select
    reasons.partner_id,
    reasons.feed,
    reasons.week_id,
    reasons.column_name,
    reasons.rule,
    coalesce(rules.rule_zh, reasons.rule) as rule_zh,
    coalesce(rules.rule_en, reasons.rule) as rule_en,
    rules.dimension_zh,
    rules.dimension_en,
    reasons.number_of_rows as rows
from reasons
left join rules
    on reasons.rule = rules.rule
