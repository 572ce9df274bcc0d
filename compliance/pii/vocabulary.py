"""Words of log messages. Only these, keys and logger names can stand in a printed template, so no
template can carry a name or a text that no detector knew; and none of these is taken for a name.

Words that are first names, surnames or towns as well (mark, bill, page, reading) are left out.
"""

_WORDS = """
a about above accept accepted access account acknowledge acknowledged action active add added
address addresses after again age agent alarm alert all allocated allow allowed already an and any
api app application are args array as assert assigned async at attempt attempts auth authenticated
authentication authorization auto available await back backend backoff backup bad batch be because
been before begin being below between body bounce bounced broken broker bucket buffer bug but by
bytes cache cached call callback called caller can cancelled cannot certificate change changed
channel check checked child circuit class cleanup clear client clock close closed closing cluster
code collected command commit complete completed component config configuration configured connect
connected connecting connection connections consumer container content context continue control
copy core could count counter cpu create created creating credentials critical ctrl current cursor
customer data database date dead debug decode default deferred delay delayed delete deleted
deleting deliver delivered delivery denied deploy depth detail details device did digest disabled
discard discarded disconnected disk dispatch dlq dns do document does domain done down download
drain drained draining drop dropped dry duplicate duration during each elapsed email emails empty
enabled encode encoded encoding end ended endpoint engine enqueue enqueued enter entry env
environment error errors event events exceeded except exception exceptions exchange executed
execution exist exists exit exited expected expired export extended external extra failed failing
fails failure fallback false fatal fault fetch fetched field fields fifo file files filter final
finished first flush for forbidden forced format found from full function gateway get given group
handle handled handler has hash have header headers health healthy heartbeat hello helo host
hostname http https id identity idle if ignored image in inbound incoming index info initialized
input insert inside instance internal interrupt interval into invalid invocation invoke is issue
it item items its job join json keep key keys kill killed label last latency later launch layer
leader lease left length level limit limits line link list listen listening load loaded loading
local lock locked log logged logger logging login logs long loop lost low machine made mail main
maintenance manager match max maximum memory message messages metadata method metric metrics
middleware min minimum missing mode model module monitor more moved ms multiple must name native
need network never new next no node none not notice notification now null number object of off
offset ok old on one only open opened operation option options or order origin other out outbound
output over overflow owner package packet parse parsed parser partition password patch path pause
paused payload peer pending per permanent permission persisted phone ping pipeline plan please
plugin poison policy poll polled polling pool port post prefetch prepare prepared present press
pressure previous primary process processed processing producer profile progress property protocol
provider proxy publish published pull purge push put python query queue queued quit quota ran rate
raw re read ready reason receipt receive received receiver recent recipient recipients reconnect
reconnecting record recovered redelivered redelivery redirect redis redrive refused region
register registered reject rejected relay release released reload remaining remote remove removed
render reply reported request requests required reserved reset resolve resource response restart
restarted result results resume retried retries retry retrying return returned role rollback root
route router row rows rule run running runtime safe sample saved scale schedule scheduled
scheduler schema scope script second seconds section secure see send sender sending sent sequence
serialize server service services session set shard shutdown signal size skip skipped sleep slow
smtp snapshot so socket some source span sqs ssl stack stage started starting startup state status
step still stop stopped stopping storage store stored stream string subject submit submitted
succeeded success successful suspended swallowed switch sync system table target task template
temporary terminated test text than that the their then there these this thread threshold throttle
throttled throttling throughput time timed timeout timer timestamp tls to token tool topic total
trace traceback traffic transaction transfer transient transport tries trigger triggered true try
trying ttl type unable unauthorized unavailable unbound undelivered under unexpected unhandled
unhealthy unique unit unknown unlock unprocessable unreachable unsupported until up update updated
upload upstream uri url usage use used user users using uvicorn valid validate validated
validation value values verified verify version via visibility wait waiting wake warn warning was
watch we were when which while window with within without worker workers would write writing
written wrong you your zero
"""
LOG_WORDS = frozenset(_WORDS.split())
