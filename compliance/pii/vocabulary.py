"""Words of log messages. Only these, keys and logger names can stand in a printed template, so no
template can carry a name or a text that no detector knew; and none is taken for a name.

THING_WORDS are no log language and are never shown, but no part of a name either: products,
interfaces, business. Words that are first names, surnames or towns as well (mark, bill, page,
reading, grant, summer, king, green) are left out of both.
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
local lock locked log logged logger logging login logs loop lost low machine made mail main
maintenance manager match maximum memory message messages metadata method metric metrics
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
_THINGS = """
abort absolute academic acme activity admin administrator africa afternoon airflow akka alias
allocation allocator amazon america american analytics android angular anonymous ansible apache
apollo apple application applied appserver apt archive article artifact asia assembly asset
assistant athena atlas audio avenue avro axios azure bean bearer bedrock beta billing binary
birthday bitbucket blob block bluetooth boot bootstrap bot bound boundary breaker broadcast browser
bundle business button bye caffeine calendar canary canceled capability capacity card cargo cart
cassandra catalina catalog cause caused celery central chart chat checkout checkpoint checksum
christmas chrome chromium cleaned cleaning cloud cloudflare cloudformation cloudfront cloudwatch
codebuild codepipeline collection collector comm comment commerce company compat compatible compile
compiler compute condition confirm confirmation confluent constraint consul contact controller
cookie coordinator cosmos credit cron custom cyber daemon daily dashboard dataset dav db deadlock
dear debian debit december default definition demo department description desktop developer
developers dhcp diagnostic dictionary director directory discovery display distributed django
docker dogpile dotnet double dr draft drive driver dynamodb east eastern ec2 ecr ecs edge edition
eks elastic elasticsearch election element eligible embedded encryption engineering enterprise
entity entries envoy eth europe european evaluation evening eventbridge evolution excel executable
executor explorer express facebook factory failover farewell fargate fastapi feature february
federation fetcher fiber finance firefox firehose firewall flask flat flink float floating flow
fluentd folder font form foundation fragment framework free freebsd friday friendly front frontend
garbage gecko general generated generation generator generic git github gitlab glue gmail gnu
golang good google gossip governor graceful grafana graph graphql gunicorn hadoop half happy hard
hardware hbase helm help her hibernate high hikari his hive holiday homepage hot hourly how html
hub human hybrid iam iceberg icon ie ignore illegal immutable import inc incident indexer
information infrastructure ingress initial initializer inject inner insight install installed
installer instant integer integration intel interactive interface internet invalidated inventory
invoice ios ip iphone irregular isolation istio its jaeger january java javascript jboss jdk jetty
jira jit journal jr july jvm kafka kernel keystone khtml kibana kind kinesis kms kubectl kubelet
kubernetes label lambda language lazy leader least legacy length letter letters level library
license lifecycle light lightning like linear linkedin linux list listener live load loader local
locale location lock logback logger logging logical login logout logs logstash low ltd mac machine
macintosh macos madam magento mail mailer mailgun main mainframe maintenance managed manager manual
mapped mapper mapping march mariadb marketing master maven maximum media medium memcached memory
merge mesh meta metadata method metric micro microsoft middleware migration million minimum minio
minor mirror miss mobile mock mode model module monday mongo mongodb monitor monitoring month
monthly morning mozilla mr mrs ms multi mutex my mysql name native negative netty network
newsletter ng nginx night node none normal northern notice notification november npm null number
nvidia object october office ok old online open opera operation operator optimizer option oracle
orchestrator order orders origin osgi our outbound outer outlook output override owner package
pagination pair parameter parent parser partial partner password past patch payload payment peer
pending per percent perform performance permanent permission persistence phase phone php pidfile
pipe pipeline placeholder plan platform playwright plugin plus pod pointer policy pool port portal
position positive post postal postfix postgres postgresql postman premium presto preview previous
primary principal private privilege pro probe procedure processing processor product production
prof professional profile program progress project prometheus promise property protect provision
proxy public published pubsub pull pulsar push python pytorch quantum quartz quick quorum rabbit
rabbitmq rack rails random range rapid rate raw rds react readiness ready real realtime rebalance
recent recipient recommended reconcile red redhat redshift reducer reference refresh regards regex
region registry regression regular reindex relation release reload reminder remove replica
replication repository requeued research resilience resolver response rest restore restricted
retention review revision risk road robot role rolling route53 router routine rpc rust safari
sagemaker sale sales salesforce sandbox sap saturday sbt scala scan scanner scheduler search
secondary secret sector security segment select selenium self semantic sendgrid sentinel sentry
september serializer serverless servlet ses settings setup severe shared shell shipping shop
shopify short shut sidekiq signal signature simple sincerely single sir site skipping slack slave
sleuth slim snowflake sns social socket soft software solr sonar sort south southern spark special
specification spinnaker split splunk spring sqlalchemy sqlite squid sr ssh stable stack stackdriver
staging standard standby starter statement static station statistics stepfunctions storm stream
street string stripe struct structure studio style subscription suite summary sumo sunday super
supervisor supply support suspend sync synchronizer syntax sysadmin system tab table tag target tax
team telegram telemetry temp templates temporal tenant terminal terraform thank thanks that the
their these this those thrift throttling thursday ticket tiers time timer tk today tomcat tomorrow
toolbox toolkit top total tracer tracker trade train transactional transformer transient
translation trial trino truncate trust trusted try tuesday tunnel twilio twitter ubuntu undefined
undertow unicorn uniform union unity universal unix unlimited unresolved unsupported upgrade
uploader urgent utility utils validator varnish vault vendor verbose verification virtual vision
visual volume vpn vue wallet warehouse watchdog wave web webapp webhook webkit weblogic webpack
website websphere wednesday week weekly welcome western what whatsapp which who whom whose wide
widget wildfly win windows wireless wizard wordpress workbook workflow workload workspace world
wrapper xeon yarn yearly yesterday youtube zabbix zeppelin zero zip zipkin zone zookeeper
"""
THING_WORDS = frozenset(_THINGS.split())
