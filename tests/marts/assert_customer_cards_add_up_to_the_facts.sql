{{ config(meta={'dagster': {'ref': {'name': 'customer_360'}}}) }}

-- one number, two marts: what the cards count is what the facts hold of known customers

with

cards as (

    select
        count(*) as customer_count,
        sum(contact_count + outbound_contact_count) as contact_count,
        sum(complaint_count) as complaint_count,
        sum(ticket_count) as ticket_count,
        sum(order_count) as order_count
    from {{ ref('customer_360') }}

),

customers as (

    select count(*) as customer_count from {{ ref('dim_customers') }}

),

contacts as (

    select
        count(*) as contact_count,
        count(*) filter (where is_complaint) as complaint_count
    from {{ ref('fct_interactions') }}
    where customer_id is not null

),

tickets as (

    select count(*) as ticket_count
    from {{ ref('fct_tickets') }}
    where customer_id is not null and not is_deleted

),

orders as (

    select count(*) as order_count
    from {{ ref('fct_orders') }}
    where customer_id is not null and is_sale and ordered_at is not null

)

select
    cards.*,
    customers.customer_count as customers_known,
    contacts.contact_count as contacts_known,
    contacts.complaint_count as complaints_known,
    tickets.ticket_count as tickets_known,
    orders.order_count as orders_known
from cards
cross join customers
cross join contacts
cross join tickets
cross join orders
where
    cards.customer_count <> customers.customer_count
    or coalesce(cards.contact_count, 0) <> contacts.contact_count
    or coalesce(cards.complaint_count, 0) <> contacts.complaint_count
    or coalesce(cards.ticket_count, 0) <> tickets.ticket_count
    or coalesce(cards.order_count, 0) <> orders.order_count
