using Cluster.Api.AppsV1;
using Cluster.Api.CoreV1;
using Cluster.Controllers.Certificates;
using Cluster.Controllers.CronJobs;
using Cluster.Controllers.DaemonSets;
using Cluster.Controllers.Deployments;
using Cluster.Controllers.Disruption;
using Cluster.Controllers.Framework;
using Cluster.Controllers.GarbageCollection;
using Cluster.Controllers.Jobs;
using Cluster.Controllers.Namespaces;
using Cluster.Controllers.Nodes;
using Cluster.Controllers.Quotas;
using Cluster.Controllers.Replication;
using Cluster.Controllers.Roles;
using Cluster.Controllers.ServiceAccounts;
using Cluster.Controllers.ServiceEndpoints;
using Cluster.Controllers.StatefulSets;

namespace Cluster.Controllers;

/// <summary>Every controller there is. A new one is a class and a line here.</summary>
internal static class ControllerCatalog
{
    public static IReadOnlyList<ControllerRegistration> All { get; } =
    [
        new("replicationcontroller", null, context =>
            new ReplicaController<ReplicationController>("replicationcontroller", new ReplicationControllerKind(), context)),
        new("replicaset", null, context => new ReplicaController<ReplicaSet>("replicaset", new ReplicaSetKind(), context)),
        new("deployment", null, context => new DeploymentController(context)),
        new("daemonset", null, context => new DaemonSetController(context)),
        new("statefulset", null, context => new StatefulSetController(context)),
        new("job", null, context => new JobController(context)),
        new("cronjob", null, context => new CronJobController(context)),
        new("ttl-after-finished", null, context => new FinishedJobController(context)),
        new("disruption", null, context => new DisruptionController(context)),
        new("endpoint", null, context => new EndpointsController(context)),
        new("endpointslice", null, context => new EndpointSliceController(context)),
        new("endpointslicemirroring", null, context => new EndpointSliceMirroringController(context)),
        new("nodeipam", "node", context => new NodeCidrController(context)),
        new("nodelifecycle", "node", context => new NodeLifecycleController(context)),
        new("tainteviction", "node", context => new TaintEvictionController(context)),
        new("podgc", null, context => new PodGarbageController(context)),
        new("namespace", null, context => new NamespaceController(context)),
        new("garbagecollector", null, context => new GarbageCollector(context)),
        new("resourcequota", null, context => new ResourceQuotaController(context)),
        new("serviceaccount", null, context => new ServiceAccountController(context)),
        new("serviceaccount-token", null, context => new TokenSecretController(context)),
        new("root-ca-cert-publisher", null, context => new RootCaController(context)),
        new("clusterrole-aggregation", null, context => new ClusterRoleAggregation(context)),
        new("csrapproving", null, context => new CsrApprovingController(context)),
        new("csrsigning", null, context => new CsrSigningController(context)),
        new("csrcleaner", null, context => new CsrCleanerController(context)),
        new("tokencleaner", null, context => new BootstrapTokenCleaner(context)),
    ];
}
