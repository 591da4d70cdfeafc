{#
    whether a message says the words of the one before it again; without words only
    the same second counts, two pictures in a row are two messages
#}
{% macro repeats_words() -%}
    sent_at - previous_sent_at <= case
        when is_blank then interval '0 seconds'
        else interval '{{ var("duplicate_window_seconds") }} seconds'
    end
{%- endmacro %}
