using Cluster.Api;

namespace Cluster.Api.BatchV1;

public sealed partial class CronJob : IApiObject;

public sealed partial class Job : IApiObject;

public sealed partial class CronJobList : IApiList<CronJob>;

public sealed partial class JobList : IApiList<Job>;
