using Cluster.Api;

namespace Cluster.Api.CoreV1;

public sealed partial class Binding : IApiObject;

public sealed partial class ComponentStatus : IApiObject;

public sealed partial class ConfigMap : IApiObject;

public sealed partial class Endpoints : IApiObject;

public sealed partial class Event : IApiObject;

public sealed partial class LimitRange : IApiObject;

public sealed partial class Namespace : IApiObject;

public sealed partial class Node : IApiObject;

public sealed partial class PersistentVolume : IApiObject;

public sealed partial class PersistentVolumeClaim : IApiObject;

public sealed partial class Pod : IApiObject;

public sealed partial class PodStatusResult : IApiObject;

public sealed partial class PodTemplate : IApiObject;

public sealed partial class RangeAllocation : IApiObject;

public sealed partial class ReplicationController : IApiObject;

public sealed partial class ResourceQuota : IApiObject;

public sealed partial class Secret : IApiObject;

public sealed partial class Service : IApiObject;

public sealed partial class ServiceAccount : IApiObject;

public sealed partial class ComponentStatusList : IApiList<ComponentStatus>;

public sealed partial class ConfigMapList : IApiList<ConfigMap>;

public sealed partial class EndpointsList : IApiList<Endpoints>;

public sealed partial class EventList : IApiList<Event>;

public sealed partial class LimitRangeList : IApiList<LimitRange>;

public sealed partial class NamespaceList : IApiList<Namespace>;

public sealed partial class NodeList : IApiList<Node>;

public sealed partial class PersistentVolumeClaimList : IApiList<PersistentVolumeClaim>;

public sealed partial class PersistentVolumeList : IApiList<PersistentVolume>;

public sealed partial class PodList : IApiList<Pod>;

public sealed partial class PodTemplateList : IApiList<PodTemplate>;

public sealed partial class ReplicationControllerList : IApiList<ReplicationController>;

public sealed partial class ResourceQuotaList : IApiList<ResourceQuota>;

public sealed partial class SecretList : IApiList<Secret>;

public sealed partial class ServiceAccountList : IApiList<ServiceAccount>;

public sealed partial class ServiceList : IApiList<Service>;
