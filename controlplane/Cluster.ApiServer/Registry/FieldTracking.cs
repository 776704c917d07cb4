using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Cluster.Api;
using Cluster.Api.Apply;
using Cluster.Api.AutoscalingV1;
using Cluster.Api.Conversion;
using Cluster.Api.Custom;
using Cluster.Api.Json;
using Cluster.Api.MetaV1;
using Cluster.Api.Yaml;
using Cluster.ApiServer.Strategies;
using Cluster.ApiServer.WatchCache;

namespace Cluster.ApiServer.Registry;

/// <summary>Server-side apply, and who owns which fields: the field managers of all resources, asked by every way of writing.</summary>
internal sealed class FieldTracking(StrategyTable strategies, TimeProvider time)
{
    private const string Scale = "scale";

    private readonly ConcurrentDictionary<(ResourceType Type, string Subresource), FieldManager> _managers = new();
    private readonly ConditionalWeakTable<CustomVersion, ConcurrentDictionary<string, FieldManager>> _custom = [];
    private readonly FieldManager _scales = new(Api.AutoscalingV1.Scale.Descriptor, Scale, ["status"]);

    /// <summary>Notes what the writer of a new object or of another state of it has changed.</summary>
    /// <param name="scope">Who writes, and what.</param>
    /// <param name="old">The object as stored; null when it is being created.</param>
    /// <param name="obj">The object with its defaults, before admission and the kind's own rules change it.</param>
    public void Update(RequestScope scope, IApiObject? old, IApiObject obj)
    {
        var version = scope.Version ?? scope.Resource;
        // In the version the writer speaks: its own object where that is the stored one.
        var seen = Conversions.Convert(obj, version.Descriptor);
        Manager(scope).Update(
            old is null ? null : Conversions.Convert(old, version.Descriptor), seen, scope.FieldManager, SystemMetadata.Now(time));
        if (!ReferenceEquals(seen, obj))
            SetOwners(obj, seen);
    }

    /// <summary>The object as an applied configuration makes it.</summary>
    /// <param name="scope">Who applies, and what.</param>
    /// <param name="old">The object as stored; null to create it.</param>
    /// <param name="patch">YAML or JSON.</param>
    /// <exception cref="StatusException">400 and 409 as of <see cref="FieldManager.Apply"/>.</exception>
    public IApiObject Apply(RequestScope scope, IApiObject? old, ReadOnlyMemory<byte> patch)
    {
        var version = scope.Version ?? scope.Resource;
        var live = old is null ? null : Conversions.Convert(old, version.Descriptor);
        var applied = Manager(scope).Apply(live, Parse(scope, patch), scope.FieldManager, scope.Force, SystemMetadata.Now(time));
        CheckName(scope, applied);
        return version == scope.Resource ? applied : ToStored(scope, applied, old, live);
    }

    // What a version has no words for is kept where nothing was changed in those it has.
    private static IApiObject ToStored(RequestScope scope, IApiObject applied, IApiObject? old, IApiObject? live)
    {
        if (old is null || live is null || !EqualButOwners(applied, live))
            return Conversions.Convert(applied, scope.Resource.Descriptor);

        var same = old.Copy();
        SetOwners(same, applied);
        return same;
    }

    private static bool EqualButOwners(IApiObject one, IApiObject other)
    {
        var copy = one.Copy();
        SetOwners(copy, other);
        return copy.Equals(other);
    }

    private static void SetOwners(IApiObject obj, IApiObject from)
    {
        obj.Metadata.ManagedFields.Clear();
        obj.Metadata.ManagedFields.Add(from.Metadata.ManagedFields);
    }

    /// <summary>The workload with the replicas of a scale that was written, and its owners.</summary>
    /// <param name="scope">Who writes.</param>
    /// <param name="old">The workload as stored.</param>
    /// <param name="scale">The scale as it is to be.</param>
    public IApiObject UpdateScale(RequestScope scope, IApiObject old, Scale scale)
    {
        var copy = scale.Clone();
        copy.Metadata ??= new ObjectMeta();
        _scales.Update(ScaleOf(scope, old), copy, scope.FieldManager, SystemMetadata.Now(time));
        return WithScale(scope, old, copy);
    }

    /// <summary>As <see cref="UpdateScale"/>, of an applied configuration.</summary>
    public IApiObject ApplyScale(RequestScope scope, IApiObject old, ReadOnlyMemory<byte> patch)
    {
        var applied = _scales.Apply(ScaleOf(scope, old), Parse(scope, patch), scope.FieldManager, scope.Force, SystemMetadata.Now(time));
        CheckName(scope, applied);
        return WithScale(scope, old, (Scale)applied);
    }

    /// <summary>The scale of a workload, with the owners of its replicas.</summary>
    /// <param name="scope">Of the stored version.</param>
    /// <param name="obj">The workload.</param>
    public static Scale ScaleOf(RequestScope scope, IApiObject obj)
    {
        var type = scope.Version ?? scope.Resource;
        var scale = ScaleView.Of(type, obj);
        if (HasOwnersOfReplicas(type))
            scale.Metadata.ManagedFields.Add(ScaleOwners.ToScale(obj.Metadata.ManagedFields, OwnersVersion(scope).ApiVersion));
        return scale;
    }

    // Added kinds may keep their replicas elsewhere: then a scale tells nobody of them, and changes no owner.
    private static bool HasOwnersOfReplicas(ResourceType type) =>
        type.Custom?.Scale is not { } scale || scale.Replicas.SequenceEqual(["spec", "replicas"]);

    private static IApiObject WithScale(RequestScope scope, IApiObject old, Scale scale)
    {
        var type = scope.Version ?? scope.Resource;
        var obj = ScaleView.Apply(type, old, scale);
        if (!HasOwnersOfReplicas(type))
            return obj;
        var owners = ScaleOwners.ToParent(old.Metadata.ManagedFields, scale.Metadata.ManagedFields, OwnersVersion(scope).ApiVersion);
        obj.Metadata.ManagedFields.Clear();
        obj.Metadata.ManagedFields.Add(owners);
        return obj;
    }

    // Owners in an added kind are kept under the version it is stored in, for its versions differ by their names and schemas alone. Where a
    // webhook converts them, under that which was written, as of built-in kinds.
    private static ResourceType OwnersVersion(RequestScope scope) => scope.Resource.Custom?.Webhook is null ? scope.Resource : scope.Version ?? scope.Resource;

    private FieldManager Manager(RequestScope scope) => OwnersVersion(scope) is { Custom: { } custom } type
        ? _custom.GetValue(custom, _ => []).GetOrAdd(
            scope.Subresource ?? "", static (part, all) => MakeCustom(all.Type, part, all.Strategies[all.Stored]), (Type: type, Stored: scope.Resource, Strategies: strategies))
        : _managers.GetOrAdd((scope.Version ?? scope.Resource, scope.Subresource ?? ""), static (key, all) => Make(key.Type, key.Subresource, all), strategies);

    private static FieldManager MakeCustom(ResourceType type, string subresource, ResourceStrategy strategy) => new(
        type, subresource, subresource == "status" ? strategy.FieldsNotOfStatus : strategy.FieldsOfStatusAlone,
        type.Custom!.Webhook is null ? null : type.Custom.Versions.Select(other => other.ApiVersion).Where(other => other != type.ApiVersion));

    private static FieldManager Make(ResourceType type, string subresource, StrategyTable strategies) => new(
        type.Descriptor,
        subresource,
        subresource == "status" ? strategies[type].FieldsNotOfStatus : strategies[type].FieldsOfStatusAlone,
        ResourceCatalog.All.Where(other => other.Storage.Descriptor == type.Storage.Descriptor).Select(other => other.Descriptor).Distinct());

    private static JsonObject Parse(RequestScope scope, ReadOnlyMemory<byte> patch)
    {
        try
        {
            var documents = YamlCodec.ToJson(Encoding.UTF8.GetString(patch.Span));
            var body = documents.Count > 0 ? documents[0] : "{}"u8.ToArray();
            if (scope.FieldValidation != FieldValidation.Ignore && JsonDuplicates.Find(body) is { } duplicate)
            {
                var text = $"error converting YAML to JSON: yaml: unmarshal errors:\n  key {GoText.Quote(duplicate)} already set in map";
                if (scope.FieldValidation == FieldValidation.Strict)
                    throw StatusErrors.BadRequest($"error strict decoding YAML: {text}");
                scope.Warnings.Add(text);
            }

            var config = JsonTrees.Parse(body) as JsonObject ?? throw StatusErrors.BadRequest(
                "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal into Go value of type map[string]interface {}");
            // Applied in the words of one version, kept under those of another.
            if (scope.Resource.Custom is { Webhook: null } && scope.Version is { } version && config["apiVersion"]?.ToString() == version.ApiVersion)
                config["apiVersion"] = scope.Resource.ApiVersion;
            return config;
        }
        catch (JsonException)
        {
            throw StatusErrors.BadRequest("error decoding YAML: exceeded max depth");
        }
        catch (StatusException error) when (!error.Message.StartsWith("error strict", StringComparison.Ordinal))
        {
            throw StatusErrors.BadRequest($"error decoding YAML: {error.Message}");
        }
    }

    private static void CheckName(RequestScope scope, IApiObject obj)
    {
        if (obj.Metadata.Name.Length == 0)
        {
            throw StatusErrors.BadRequest(
                $"the name of the object ({scope.Name} based on URL) was undeterminable: name must be provided");
        }

        if (obj.Metadata.Name != scope.Name)
            throw StatusErrors.BadRequest($"the name of the object ({obj.Metadata.Name}) does not match the name on the URL ({scope.Name})");
    }
}
