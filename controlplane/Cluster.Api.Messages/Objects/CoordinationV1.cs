using Cluster.Api;

namespace Cluster.Api.CoordinationV1;

public sealed partial class Lease : IApiObject;

public sealed partial class LeaseList : IApiList<Lease>;
