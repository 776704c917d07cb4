using Cluster.Api;
using Cluster.Api.MetaV1;

namespace Cluster.ApiServer.Registry;

/// <summary>The metadata only the server sets.</summary>
internal static class SystemMetadata
{
    /// <summary>What a new object begins with, whatever the client sent.</summary>
    /// <exception cref="StatusException">400: another namespace or name than the request's.</exception>
    public static void FillNew(IApiObject obj, RequestScope scope, TimeProvider time)
    {
        var meta = obj.Metadata ??= new ObjectMeta();
        CheckNamespace(meta, scope);
        // Permission was asked for the name of the request: no other object may come of it.
        if (scope.Name is { } name)
        {
            CheckName(meta, scope);
            meta.Name = name;
        }

        if (meta.ResourceVersion.Length > 0)
            throw VersionOnCreate();

        meta.Namespace = scope.Resource.Namespaced ? scope.Namespace ?? "" : "";
        meta.Uid = Guid.NewGuid().ToString();
        meta.CreationTimestamp = Now(time);
        meta.DeletionTimestamp = null;
        meta.ClearDeletionGracePeriodSeconds();
        meta.SelfLink = "";
        meta.Generation = 0;
    }

    /// <summary>
    /// What an update takes over from the object as stored. What the client changed among it is left for validation to refuse.
    /// </summary>
    public static void KeepOld(IApiObject obj, IApiObject old, RequestScope scope)
    {
        var (meta, before) = (obj.Metadata ??= new ObjectMeta(), old.Metadata);
        CheckNamespace(meta, scope);
        CheckName(meta, scope);
        CheckUid(meta, before, scope);

        meta.Namespace = before.Namespace;
        meta.Name = before.Name;
        meta.Uid = before.Uid;
        meta.SelfLink = "";
        meta.Generation = before.Generation;
        // Protobuf clients send a time they leave out as an empty message.
        if (meta.CreationTimestamp.IsZero())
            meta.CreationTimestamp = before.CreationTimestamp?.Clone();
        if (meta.DeletionTimestamp.IsZero())
            meta.DeletionTimestamp = before.DeletionTimestamp?.Clone();
        if (!meta.HasDeletionGracePeriodSeconds && before.HasDeletionGracePeriodSeconds)
            meta.DeletionGracePeriodSeconds = before.DeletionGracePeriodSeconds;
    }

    /// <summary>Now, in the whole seconds objects hold.</summary>
    public static Time Now(TimeProvider time) => new() { Seconds = time.GetUtcNow().ToUnixTimeSeconds() };

    private static void CheckNamespace(ObjectMeta meta, RequestScope scope)
    {
        if (meta.Namespace.Length > 0 && meta.Namespace != (scope.Namespace ?? "") && !IsNamespaceItself(scope))
            throw StatusErrors.BadRequest("the namespace of the provided object does not match the namespace sent on the request");
    }

    private static void CheckName(ObjectMeta meta, RequestScope scope)
    {
        if (meta.Name.Length > 0 && meta.Name != scope.Name)
        {
            throw StatusErrors.BadRequest(
                $"the name of the object ({meta.Name}) does not match the name on the URL ({scope.Name})");
        }
    }

    private static void CheckUid(ObjectMeta meta, ObjectMeta before, RequestScope scope)
    {
        if (meta.Uid.Length > 0 && meta.Uid != before.Uid)
        {
            throw StatusErrors.Conflict(
                scope.Resource, before.Name, $"Precondition failed: UID in precondition: {meta.Uid}, UID in object meta: {before.Uid}");
        }
    }

    // The path of a namespace names it where others name their namespace; its objects have none.
    private static bool IsNamespaceItself(RequestScope scope) =>
        scope.Resource.GroupResource == "namespaces" && scope.Namespace is not null;

    // Kubernetes answers 500 without a reason; clients know the text, and the mistake is theirs.
    private static StatusException VersionOnCreate() => StatusErrors.BadRequest("resourceVersion should not be set on objects to be created");
}
