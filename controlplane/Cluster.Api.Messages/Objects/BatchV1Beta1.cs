using Cluster.Api;

namespace Cluster.Api.BatchV1Beta1;

public sealed partial class CronJob : IApiObject;

public sealed partial class CronJobList : IApiList<CronJob>;
