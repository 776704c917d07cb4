using System.Text.Json.Nodes;
using Cluster.Api;
using Cluster.Api.Custom;
using Cluster.Api.Validation;
using Cluster.ApiServer.Registry;

namespace Cluster.ApiServer.Strategies;

/// <summary>The rules of kinds that definitions add: everything but the metadata and the status is their spec.</summary>
internal sealed class CustomStrategy : ResourceStrategy
{
    private const string Status = "status";

    private readonly bool _hasStatus;

    /// <param name="stored">The stored version.</param>
    public CustomStrategy(ResourceType stored)
        : this(stored, stored.Custom!.HasStatus)
    {
    }

    private CustomStrategy(ResourceType stored, bool hasStatus)
        : base(stored)
    {
        _hasStatus = hasStatus;
        HasGeneration = true;
        AllowsUnconditionalUpdate = false;
        FieldsNotOfStatus = ["spec", "metadata.labels", "metadata.annotations", "metadata.ownerReferences", "metadata.finalizers"];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<string> FieldsOfStatusAlone => _hasStatus ? [Status] : [];

    /// <inheritdoc/>
    public override ResourceStrategy For(ResourceType version) =>
        version.Custom!.HasStatus == _hasStatus ? this : new CustomStrategy(Type, version.Custom.HasStatus);

    /// <inheritdoc/>
    public override void Default(RequestScope scope, IApiObject obj) => CustomConversion.Default((CustomObject)obj, VersionOf(scope));

    /// <inheritdoc/>
    public override List<FieldError> ValidateCreate(RequestScope scope, IApiObject obj) =>
        Validator.ValidateCreate((CustomObject)obj, VersionOf(scope));

    /// <inheritdoc/>
    public override List<FieldError> ValidateUpdate(RequestScope scope, IApiObject obj, IApiObject old) =>
        Validator.ValidateUpdate((CustomObject)obj, (CustomObject)old, VersionOf(scope));

    /// <inheritdoc/>
    public override void PrepareForStore(RequestScope scope, IApiObject obj)
    {
        // Of a kind that a webhook converts, the webhook makes what is stored.
        if (scope.Version is not null && Type.Custom!.Webhook is null)
            ((CustomObject)obj).Content = CustomConversion.To((CustomObject)obj, Type).Content;
    }

    /// <inheritdoc/>
    public override void PrepareForCreate(IApiObject obj)
    {
        if (_hasStatus)
            Change((CustomObject)obj, content => content.Remove(Status));
    }

    /// <inheritdoc/>
    public override void PrepareForUpdate(IApiObject obj, IApiObject old)
    {
        if (_hasStatus)
            TakeStatus((CustomObject)obj, (CustomObject)old);
    }

    /// <summary>All but the status, and who owns it, stays.</summary>
    public override void PrepareForStatusUpdate(IApiObject obj, IApiObject old)
    {
        var (custom, before) = ((CustomObject)obj, (CustomObject)old);
        var owners = custom.Metadata.ManagedFields.Clone();
        var status = new CustomObject { Content = custom.Content };
        custom.Metadata = before.Metadata.Clone();
        custom.Metadata.ManagedFields.Clear();
        custom.Metadata.ManagedFields.Add(owners);
        custom.Content = before.Content;
        TakeStatus(custom, status);
    }

    /// <inheritdoc/>
    public override bool IsSpecChanged(IApiObject obj, IApiObject old) => !WithoutStatus(obj).Equals(WithoutStatus(old));

    private CustomObject WithoutStatus(IApiObject obj)
    {
        var copy = new CustomObject { Content = ((CustomObject)obj).Content };
        if (_hasStatus)
            Change(copy, content => content.Remove(Status));
        return copy;
    }

    private static void TakeStatus(CustomObject obj, CustomObject from) => Change(obj, content =>
    {
        var has = CustomJson.Content(from).TryGetPropertyValue(Status, out var status);
        content.Remove(Status);
        if (has)
            content[Status] = status?.DeepClone();
        return true;
    });

    private static void Change(CustomObject obj, Func<JsonObject, bool> change)
    {
        var content = CustomJson.Content(obj);
        if (change(content))
            CustomJson.SetContent(obj, content);
    }

    private static ResourceType VersionOf(RequestScope scope) => scope.Version ?? scope.Resource;
}
