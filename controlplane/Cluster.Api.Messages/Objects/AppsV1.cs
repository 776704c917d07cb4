using Cluster.Api;

namespace Cluster.Api.AppsV1;

public sealed partial class ControllerRevision : IApiObject;

public sealed partial class DaemonSet : IApiObject;

public sealed partial class Deployment : IApiObject;

public sealed partial class ReplicaSet : IApiObject;

public sealed partial class StatefulSet : IApiObject;

public sealed partial class ControllerRevisionList : IApiList<ControllerRevision>;

public sealed partial class DaemonSetList : IApiList<DaemonSet>;

public sealed partial class DeploymentList : IApiList<Deployment>;

public sealed partial class ReplicaSetList : IApiList<ReplicaSet>;

public sealed partial class StatefulSetList : IApiList<StatefulSet>;
