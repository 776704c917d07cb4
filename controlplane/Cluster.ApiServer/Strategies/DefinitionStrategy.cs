using Cluster.Api;
using Cluster.Api.ApiExtensionsV1;
using Cluster.Api.Custom;
using Cluster.Api.Validation;
using Cluster.ApiServer.Registry;

namespace Cluster.ApiServer.Strategies;

/// <summary>Definitions of added kinds: they remember every version that objects were stored in, and go only after their objects.</summary>
internal sealed class DefinitionStrategy : ResourceStrategy
{
    /// <summary>Holds a deleted definition until its objects are gone.</summary>
    public const string Finalizer = "customresourcecleanup.apiextensions.k8s.io";

    private readonly TimeProvider _time;

    public DefinitionStrategy(ResourceType type, TimeProvider time)
        : base(type)
    {
        _time = time;
        HasGeneration = true;
        AllowsUnconditionalUpdate = false;
    }

    /// <inheritdoc/>
    public override void PrepareForCreate(IApiObject obj)
    {
        var definition = (CustomResourceDefinition)obj;
        definition.Status = new CustomResourceDefinitionStatus { AcceptedNames = new CustomResourceDefinitionNames() };
        NoteStored(definition);
    }

    /// <inheritdoc/>
    public override void PrepareForUpdate(IApiObject obj, IApiObject old)
    {
        base.PrepareForUpdate(obj, old);
        NoteStored((CustomResourceDefinition)obj);
    }

    /// <inheritdoc/>
    public override void PrepareForDeletion(IApiObject obj)
    {
        var definition = (CustomResourceDefinition)obj;
        if (!definition.Metadata.Finalizers.Contains(Finalizer))
            definition.Metadata.Finalizers.Add(Finalizer);
        DefinitionConditions.Set(
            definition, CustomKinds.Terminating, true, "InstanceDeletionPending",
            "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon", _time);
    }

    /// <inheritdoc/>
    public override List<FieldError> ValidateUpdate(RequestScope scope, IApiObject obj, IApiObject old)
    {
        // One that another server let in, mistakes and all, must be able to go: then only who holds it may change.
        var isLeaving = scope.Subresource is null && old.Metadata.DeletionTimestamp is not null
            && Equals(((CustomResourceDefinition)obj).Spec, ((CustomResourceDefinition)old).Spec);
        return isLeaving ? Validator.ValidateStatusUpdate(obj, old) : base.ValidateUpdate(scope, obj, old);
    }

    private static void NoteStored(CustomResourceDefinition definition)
    {
        if (definition.Spec?.Versions.FirstOrDefault(version => version.Storage)?.Name is { } storage && !definition.Status.StoredVersions.Contains(storage))
            definition.Status.StoredVersions.Add(storage);
    }
}
