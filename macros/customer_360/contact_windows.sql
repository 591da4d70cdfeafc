{# the windows, in reporting days, over which contacts are counted; today is in each #}
{% macro contact_windows() %}
    {{ return([30, 90, 365]) }}
{% endmacro %}


{# whether a reporting day lies within the last so many, today included #}
{% macro in_last_days(date_column, days) -%}
    {{ date_column }} > {{ business_date(as_of()) }} - {{ days }}
{%- endmacro %}


{# the next day on which something of this reporting day leaves one of the windows #}
{% macro next_window_date(date_column, windows) -%}
    case
        {%- for days in windows %}
        when {{ in_last_days(date_column, days) }} then {{ date_column }} + {{ days }}
        {%- endfor %}
    end
{%- endmacro %}
