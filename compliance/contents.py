"""Emails that reached the right person with the text of somebody else's.

What an email looks like when it leaves is the service's own business: it may write another MIME,
add a footer, or send a link instead of the text. So nothing is compared with what was planned, but
deliveries with each other: planned emails about one person say the same, those about two people
never do. A content that several people were sent belongs to the one who got it most often (then:
first); the others' emails are swapped. One that most people were sent says nothing personal, as a
template does, and one that is different in every email cannot be told.
"""

SWAPPED = """
create table swapped_emails as
    with told as (
        select number_of(key) as kid, coalesce(provider, '') as provider, body_sha256, at_s
        from sink where body_sha256 is not null),
    personal as (
        select *, kid % (select count(*) from people) as person from told
        where kid >= 0 and kid < (select count(*) from planned_numbers)),
    shares as (
        select provider, body_sha256, person, count(*) as copies, min(at_s) as first_s
        from personal group by all),
    owned as (
        select provider, body_sha256, first(person order by copies desc, first_s, person) as owner
        from shares group by provider, body_sha256
        having count(*) > 1 and 2 * count(*) <= (select count(*) from people))
    select p.kid, any_value(e.delivered_eid) as eid, min(p.at_s) as at_s
    from personal p join owned o using (provider, body_sha256) join emails e on e.kid = p.kid
    where p.person <> o.owner
    group by p.kid;
"""
