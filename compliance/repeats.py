"""Second deliveries that cannot be told from the design's own limit, and those that can.

A provider that accepts an email and whose answer is lost leaves the worker with two choices: send
again, perhaps twice, or give up, perhaps never sent. The design sends again, so such a repeat is
named and counted, not hidden, and bounded by the number of attempts with unknown outcome. It is
`ambiguous` only when the worker's own journal bears it out:

- all copies went out by one provider, as one message;
- no attempt began after the journal said `sent`, or while another was still under way;
- there are no more second copies than attempts that ended in neither `sent` nor a definite
  failure (`attempted` with nothing after it: the worker was killed).

Every other second delivery is `duplicated`. Runs older than the `attempted` event excuse none.
"""

# One row an email that was delivered more than once, as one message, through one provider.
REPEATS = """
create table repeated as
    select e.kid, e.delivered_eid as eid, i.email_id, e.deliveries, e.last_s
    from emails e join email_ids i on i.eid = e.delivered_eid
    where e.deliveries > 1 and e.kid is not null and e.delivered_eid = e.other_delivered_eid;

create table ambiguous_emails as
    with routes as (
        select email_id, min(provider) as provider from sink
        where email_id in (select email_id from repeated)
        group by email_id
        having count(*) = count(provider) and min(provider) = max(provider)),
    steps as (
        select email_id, at_s, event,
               event = 'attempted' as is_attempt,
               event = 'sent' or (event = 'failed' and coalesce(definite, true)) as is_known,
               w.provider = r.provider as is_same,
               lag(event) over in_time as before,
               max(event = 'sent') over (in_time rows between unbounded preceding
                   and 1 preceding) as was_sent
        from worker w join routes r using (email_id)
        where event in ('attempted', 'sent', 'failed') and w.provider is not null
        window in_time as (partition by email_id order by at_s, event = 'attempted' desc)),
    tried as (
        select email_id,
               count(*) filter (is_attempt and is_same)
                   - count(*) filter (is_known and is_same) as unknown,
               -- An end without a beginning: two attempts were under way at once.
               bool_or(not is_attempt and before is distinct from 'attempted') as overlapped,
               bool_or(is_attempt and coalesce(was_sent, false)) as sent_again
        from steps group by email_id)
    select kid, eid, last_s as at_s from repeated r join tried t using (email_id)
    where r.deliveries - 1 <= t.unknown and not overlapped and not sent_again;
"""

# How many attempts at a provider ended in neither a success nor a definite failure: the bound.
UNKNOWN_ATTEMPTS = """
    select greatest(0, count(*) filter (event = 'attempted') - count(*) filter (
        event = 'sent' or (event = 'failed' and coalesce(definite, true))))
    from worker where provider is not null
"""
