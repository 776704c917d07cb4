using Cluster.Api;
using Cluster.Api.ResourceV1;
using Cluster.Api.Selectors;
using Cluster.ApiServer.Auditing;
using Cluster.ApiServer.Authentication;
using Cluster.ApiServer.Authorization;
using Cluster.ApiServer.CustomResources;
using Cluster.ApiServer.Registry;
using Google.Protobuf.Reflection;
using Grpc.Core;

namespace Cluster.ApiServer.Grpc;

/// <summary>What a call is about, checked against the catalog.</summary>
internal sealed class CallTarget
{
    private readonly ResourceRef _ref;
    private readonly Subresource? _subresource;

    private CallTarget(ResourceType type, ResourceRef reference, string subresource)
    {
        (Type, _ref) = (type, reference);
        if (subresource.Length == 0)
            return;
        _subresource = type.Subresources.FirstOrDefault(sub => sub.Name == subresource)
            ?? throw StatusErrors.NotFound(type.Group, $"{type.Plural}/{subresource}", reference.Name);
    }

    public ResourceType Type { get; }

    /// <summary>Where admission says what the audit log is to tell; null: nobody keeps one.</summary>
    public AuditAnnotations? Audit { get; init; }

    /// <summary>apiVersion, kind and message of the objects in the call's bodies.</summary>
    public (string ApiVersion, string Kind, MessageDescriptor Message) Body =>
        _subresource is { } sub && (sub.ApiVersion, sub.Kind) != (Type.ApiVersion, Type.Kind)
        ? (sub.ApiVersion, sub.Kind, OpenApi.BodyKinds.Find(sub.ApiVersion, sub.Kind))
        : (Type.ApiVersion, Type.Kind, Type.Descriptor);

    /// <param name="resources">What is served.</param>
    /// <param name="reference">From the message.</param>
    /// <param name="cancellationToken">Ends the wait for definitions that are changing.</param>
    /// <param name="subresource">Instead of the reference's own, where the method implies one.</param>
    /// <param name="audit">Of the call.</param>
    /// <exception cref="StatusException">404: no such resource; 400: a place is missing.</exception>
    public static async ValueTask<CallTarget> OfAsync(
        ServedResources resources, ResourceRef? reference, CancellationToken cancellationToken, string? subresource = null, AuditAnnotations? audit = null)
    {
        if (reference is null)
            throw StatusErrors.BadRequest("ref is required");
        var type = await resources.FindAsync(reference.Group, reference.Version, reference.Resource, cancellationToken)
            ?? throw StatusErrors.NotServed();
        return new CallTarget(type, reference, subresource ?? reference.Subresource) { Audit = audit };
    }

    /// <exception cref="StatusException">405 for a verb the resource does not know; 400 where the name or namespace is missing.</exception>
    public CallTarget Require(string verb, bool named)
    {
        // A role in a namespace gives nothing outside it: what is in none is not reached through one.
        if (Type is { Namespaced: false, Custom: not null } && _ref.Namespace.Length > 0)
            throw StatusErrors.NotFound(Type, _ref.Name);
        if (_subresource is { Connects: true } || !(_subresource?.Verbs ?? Type.Verbs).Contains(verb))
            throw StatusErrors.MethodNotAllowed(Type, verb);
        // A part is always of some object.
        if ((named || _subresource is not null) && _ref.Name.Length == 0)
            throw StatusErrors.BadRequest("name is required");
        if (Type.Namespaced && _ref.Namespace.Length == 0 && (named || verb == "create"))
            throw StatusErrors.BadRequest("namespace is required");
        return this;
    }

    public RequestScope Scope(UserIdentity user, string fieldManager = "", bool dryRun = false) => new()
    {
        Resource = Type,
        User = user,
        Subresource = _subresource?.Name,
        Namespace = Type.Namespaced && _ref.Namespace.Length > 0 ? _ref.Namespace : null,
        Name = _ref.Name.Length > 0 ? _ref.Name : null,
        FieldManager = fieldManager,
        DryRun = dryRun,
        Audit = Audit,
    };

    /// <summary>What must be allowed before anything else is said of the call.</summary>
    /// <param name="reference">From the message.</param>
    /// <param name="user">Who calls.</param>
    /// <param name="verb">What they want.</param>
    /// <param name="subresource">Instead of the reference's own, where the method implies one.</param>
    /// <param name="selector">A field selector: one that asks for one name is about that object.</param>
    public static AuthorizationRequest Question(ResourceRef reference, UserIdentity user, string verb, string? subresource, string selector)
    {
        var part = subresource ?? reference.Subresource;
        // What is to be made has no name yet, as in a POST: a right to one name is no right to make it.
        var name = verb == "create" && part.Length == 0 ? "" : reference.Name;
        return new AuthorizationRequest
        {
            User = user,
            Verb = verb,
            Group = reference.Group,
            // A call that names nothing is about no resource, and about no path either.
            Resource = reference.Resource.Length > 0 ? reference.Resource : "?",
            Subresource = part,
            Namespace = Place(reference, name),
            Name = name.Length > 0 ? name : FieldSelector.NameIn(selector),
            FieldSelector = selector,
        };
    }

    // A role in a namespace says nothing of what is in none; a namespace itself is in itself.
    private static string Place(ResourceRef reference, string name) =>
        ResourceCatalog.Find(reference.Group, reference.Version, reference.Resource) is not { Namespaced: false } type ? reference.Namespace
        : type.GroupResource == "namespaces" ? name : "";
}
