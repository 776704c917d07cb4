using Cluster.Api;
using Cluster.Api.AuthorizationV1;
using Cluster.Api.CoreV1;
using Cluster.Api.Selectors;
using Cluster.Api.StorageV1;
using Cluster.ApiServer.Authentication;
using Cluster.ApiServer.Authorization.Policy;
using Cluster.ApiServer.Authorization.Rbac;
using Cluster.ApiServer.WatchCache;

namespace Cluster.ApiServer.Authorization.Nodes;

/// <summary>
/// Allows kubelets what they need: of secrets, config maps, claims, volumes, accounts and pods only those their own pods refer to, of nodes,
/// leases and CSI nodes only their own; of the rest what the role <c>system:node</c> says.
/// </summary>
internal sealed class NodeAuthorizer(NodeReferences references, IObjectReader reader) : IAuthorizer
{
    private const string LeaseNamespace = "kube-node-lease";

    private static readonly ResourceType Pods = ResourceCatalog.For<Pod>();

    public ValueTask<AuthorizationDecision> AuthorizeAsync(AuthorizationRequest request, CancellationToken cancellationToken) =>
        request is { Group: "", Resource: "pods", Subresource: "", Verb: "get" } && NodeIdentity.NameOf(request.User) is { Length: > 0 } node
            ? GetPodAsync(node, request, cancellationToken)
            : ValueTask.FromResult(Authorize(request));

    public ValueTask<SubjectRulesReviewStatus> RulesOfAsync(UserIdentity user, string ns, CancellationToken cancellationToken)
    {
        var status = new SubjectRulesReviewStatus();
        if (NodeIdentity.NameOf(user) is not null)
        {
            status.Incomplete = true;
            status.EvaluationError = "node authorizer does not support user rule resolution";
        }

        return ValueTask.FromResult(status);
    }

    private AuthorizationDecision Authorize(AuthorizationRequest request) => NodeIdentity.NameOf(request.User) switch
    {
        null => AuthorizationDecision.NoOpinion,
        "" => No($"unknown node for user {GoText.Quote(request.User.Name)}"),
        var node when request.IsResource => OnResource(node, request),
        _ => AuthorizationDecision.NoOpinion,
    };

    private AuthorizationDecision OnResource(string node, AuthorizationRequest request) => (request.Group, request.Resource) switch
    {
        ("", PodReference.Secrets or PodReference.ConfigMaps) => Read(node, request),
        ("", PodReference.Claims) => request.Subresource == "status" ? ClaimStatus(node, request) : GetOne(request, () => NeedsNamed(node, request)),
        ("", "persistentvolumes") => GetOne(request, () => NeedsVolume(node, request.Name)),
        ("storage.k8s.io", "volumeattachments") => GetOne(request, () => IsAttachedTo(node, request.Name)),
        ("", PodReference.Accounts) => Token(node, request),
        ("coordination.k8s.io", "leases") => Lease(node, request),
        ("storage.k8s.io", "csinodes") => CsiNode(node, request),
        ("", "nodes") => OwnNode(node, request),
        ("", "pods") => OwnPods(node, request),
        _ => ByRole(request),
    };

    private static AuthorizationDecision ByRole(AuthorizationRequest request)
    {
        foreach (var rule in ComponentRoles.Node)
        {
            if (RuleMatching.Allows(rule, request))
                return AuthorizationDecision.Allow;
        }

        return AuthorizationDecision.NoOpinion;
    }

    private AuthorizationDecision Read(string node, AuthorizationRequest request) => request switch
    {
        { Verb: not ("get" or "list" or "watch") } => No("can only read resources of this type"),
        { Subresource.Length: > 0 } => No("cannot read subresource"),
        { Namespace: "" } => No("can only read namespaced object of this type"),
        _ => Related(node, request, () => NeedsNamed(node, request)),
    };

    private static AuthorizationDecision GetOne(AuthorizationRequest request, Func<bool> isRelated) => request switch
    {
        { Verb: not "get" } => No("can only get individual resources of this type"),
        { Subresource.Length: > 0 } => No("cannot get subresource"),
        _ => Related(NodeIdentity.NameOf(request.User)!, request, isRelated),
    };

    private AuthorizationDecision ClaimStatus(string node, AuthorizationRequest request) => request.Verb is "get" or "update" or "patch"
        ? Related(node, request, () => NeedsNamed(node, request))
        : No("can only get/update/patch this type");

    private AuthorizationDecision Token(string node, AuthorizationRequest request) => request switch
    {
        { Verb: not "create" } or { Name: "" } => No("can only create tokens for individual service accounts"),
        { Subresource: not "token" } => No("can only create token subresource of service account"),
        _ => Related(node, request, () => NeedsNamed(node, request)),
    };

    private static AuthorizationDecision Lease(string node, AuthorizationRequest request) => request switch
    {
        { Verb: not ("get" or "create" or "update" or "patch" or "delete") } => No("can only get, create, update, patch, or delete a node lease"),
        { Namespace: not LeaseNamespace } => No($"can only access leases in the \"{LeaseNamespace}\" system namespace"),
        _ when request.Verb != "create" && request.Name != node => No("can only access node lease with the same name as the requesting node"),
        _ => AuthorizationDecision.Allow,
    };

    private static AuthorizationDecision CsiNode(string node, AuthorizationRequest request) => request switch
    {
        { Verb: not ("get" or "create" or "update" or "patch" or "delete") } => No("can only get, create, update, patch, or delete a CSINode"),
        { Subresource.Length: > 0 } => No("cannot authorize CSINode subresources"),
        _ when request.Verb != "create" && request.Name != node => No("can only access CSINode with the same name as the requesting node"),
        _ => AuthorizationDecision.Allow,
    };

    // Before the node is there its name decides; what a write may change is the admission's affair.
    private static AuthorizationDecision OwnNode(string node, AuthorizationRequest request) => (request.Subresource, request.Verb) switch
    {
        ("", "create" or "update" or "patch") or ("status", "update" or "patch") => AuthorizationDecision.Allow,
        ("", "get" or "list" or "watch") when request.Name == node => AuthorizationDecision.Allow,
        ("", "get" or "list" or "watch") when request.Name.Length == 0 => No($"node '{node}' cannot read all nodes, only its own Node object"),
        ("", "get" or "list" or "watch") => No($"node '{node}' cannot read '{request.Name}', only its own Node object"),
        _ => AuthorizationDecision.NoOpinion,
    };

    private static AuthorizationDecision OwnPods(string node, AuthorizationRequest request) => (request.Subresource, request.Verb) switch
    {
        ("", "create" or "delete") or ("status", "update" or "patch") or ("eviction", "create") => AuthorizationDecision.Allow,
        ("", "list" or "watch") when FieldSelector.ValueIn(request.FieldSelector, "spec.nodeName") == node => AuthorizationDecision.Allow,
        ("", "list" or "watch") => No("can only list/watch pods with spec.nodeName field selector"),
        _ => AuthorizationDecision.NoOpinion,
    };

    private static AuthorizationDecision Related(string node, AuthorizationRequest request, Func<bool> isRelated)
    {
        if (request.Name.Length == 0)
            return No("No Object name found");
        return isRelated() ? AuthorizationDecision.Allow : No($"no relationship found between node '{node}' and this object");
    }

    private bool NeedsNamed(string node, AuthorizationRequest request) =>
        references.Needs(node, new PodReference(request.Resource, request.Namespace, request.Name));

    private bool NeedsVolume(string node, string name) =>
        reader.Find(ResourceCatalog.For<PersistentVolume>(), null, name) is PersistentVolume { Spec.ClaimRef: { } claim }
        && references.Needs(node, new PodReference(PodReference.Claims, claim.Namespace, claim.Name));

    private bool IsAttachedTo(string node, string name) =>
        reader.Find(ResourceCatalog.For<VolumeAttachment>(), null, name) is VolumeAttachment { Spec: { } spec } && spec.NodeName == node;

    // One that is gone is nobody's secret, and its kubelet must hear that it is. The cache may only not have heard of it yet: the store knows.
    private async ValueTask<AuthorizationDecision> GetPodAsync(string node, AuthorizationRequest request, CancellationToken cancellationToken)
    {
        var (ns, name) = (request.Namespace, request.Name);
        var found = name.Length == 0 ? null : reader.Find(Pods, ns, name) ?? await reader.FindFreshAsync(Pods, ns, name, cancellationToken);
        return Related(node, request, () => found is not Pod pod || pod.Spec?.NodeName == node);
    }

    private static AuthorizationDecision No(string why) => new(false, why);
}
