using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Api.Defaulting;
using Cluster.Api.MetaV1;
using Cluster.Api.Validation;
using Cluster.ApiServer.Authentication;
using Cluster.ApiServer.Registry;
using Cluster.ApiServer.WatchCache;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Cluster.ApiServer.Strategies;

/// <summary>The rules of one kind that the registry's one way of writing leaves open. Stateless; as it is, it serves most kinds.</summary>
internal class ResourceStrategy
{
    private readonly FieldDescriptor? _spec;
    private readonly FieldDescriptor? _status;

    public ResourceStrategy(ResourceType type)
    {
        Type = type;
        _spec = type.Descriptor.FindFieldByName("spec");
        // Only where status is a subresource is it kept apart from the rest.
        _status = type.Subresources.Any(part => part.Name == "status") ? type.Descriptor.FindFieldByName("status") : null;
    }

    public ResourceType Type { get; }

    /// <summary>metadata.generation counts the changes of the spec.</summary>
    public bool HasGeneration { get; init; }

    /// <summary>PUT of a name that does not exist creates it.</summary>
    public bool CreatesOnUpdate { get; init; }

    /// <summary>An update without a resourceVersion overwrites whatever is there.</summary>
    public bool AllowsUnconditionalUpdate { get; init; } = true;

    /// <summary>A delete answers with the object; otherwise with a Status.</summary>
    public bool ReturnsDeletedObject { get; init; }

    /// <summary>What a write of the object leaves as it is: nobody owns it by that.</summary>
    public virtual IReadOnlyList<string> FieldsOfStatusAlone => _status is null ? [] : ["status"];

    /// <summary>What a write of the status leaves as it is.</summary>
    public IReadOnlyList<string> FieldsNotOfStatus { get; init; } = ["spec", "metadata.ownerReferences"];

    /// <summary>What becomes of dependents when the request does not say.</summary>
    public string DefaultPropagation { get; init; } = "Background";

    /// <summary>How long the store keeps an object; null: until it is deleted.</summary>
    public TimeSpan? TimeToLive { get; init; }

    /// <summary>Writes that must stand or fall with the object's own; null: none.</summary>
    public virtual IClaimant? Claimant => null;

    /// <summary>The rules of writes through a version of the kind: versions of an added one may differ in their parts.</summary>
    public virtual ResourceStrategy For(ResourceType version) => this;

    /// <summary>Fills in what was left out.</summary>
    public virtual void Default(RequestScope scope, IApiObject obj) => Defaults.Apply(obj);

    /// <summary>What is wrong with a new object.</summary>
    public virtual List<FieldError> ValidateCreate(RequestScope scope, IApiObject obj) => Validator.ValidateCreate(obj);

    /// <summary>What is wrong with a new state, and with the step to it.</summary>
    public virtual List<FieldError> ValidateUpdate(RequestScope scope, IApiObject obj, IApiObject old) => scope.Subresource switch
    {
        "status" => Validator.ValidateStatusUpdate(obj, old),
        "ephemeralcontainers" => Validator.ValidateEphemeralContainers((Pod)obj, (Pod)old),
        _ => Validator.ValidateUpdate(obj, old),
    };

    /// <summary>Makes of a good object of the client's version one of the stored version.</summary>
    public virtual void PrepareForStore(RequestScope scope, IApiObject obj)
    {
    }

    /// <summary>Takes away what a creator may not set, and sets what the kind begins with.</summary>
    public virtual void PrepareForCreate(IApiObject obj) => _status?.Accessor.Clear(obj);

    /// <summary>As the other, for kinds that hold who made them.</summary>
    public virtual void PrepareForCreate(IApiObject obj, UserIdentity user) => PrepareForCreate(obj);

    /// <summary>Keeps what an update of the object may not change.</summary>
    public virtual void PrepareForUpdate(IApiObject obj, IApiObject old) => CopyField(_status, old, obj);

    /// <summary>Keeps what an update of the status may not change.</summary>
    public virtual void PrepareForStatusUpdate(IApiObject obj, IApiObject old)
    {
        CopyField(_spec, old, obj);
        obj.Metadata.OwnerReferences.Clear();
        obj.Metadata.OwnerReferences.Add(old.Metadata.OwnerReferences);
    }

    /// <summary>Keeps what an update of another part than the status (finalize, approval...) may not change.</summary>
    public virtual void PrepareForPart(string subresource, IApiObject obj, IApiObject old) => PrepareForUpdate(obj, old);

    /// <summary>What counts as a new generation: all but the metadata and the status, for not every kind calls its wishes a spec.</summary>
    public virtual bool IsSpecChanged(IApiObject obj, IApiObject old) =>
        Type.Descriptor.Fields.InDeclarationOrder().Any(field => field.Name is not ("metadata" or "status")
            && !Equals(field.Accessor.GetValue(obj), field.Accessor.GetValue(old)));

    /// <summary>The grace period of a delete in seconds; null: the kind knows no grace.</summary>
    public virtual long? GracePeriod(IApiObject obj, DeleteOptions options) => null;

    /// <summary>Nothing but metadata.finalizers holds an object that is marked for deletion.</summary>
    public virtual bool IsReleased(IApiObject obj) => true;

    /// <summary>The object is being marked for deletion.</summary>
    public virtual void PrepareForDeletion(IApiObject obj)
    {
    }

    private static void CopyField(FieldDescriptor? field, IApiObject from, IApiObject to)
    {
        if (field is null)
            return;

        if (field.Accessor.GetValue(from) is IMessage value)
            field.Accessor.SetValue(to, value.Copy());
        else
            field.Accessor.Clear(to);
    }
}
