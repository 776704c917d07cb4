using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Cluster.Api.CoreV1;
using Cluster.Api.Json;
using Cluster.Api.MetaV1;
using Cluster.Api.Tables;
using Cluster.Api.Validation;
using FieldSelector = Cluster.Api.Selectors.FieldSelector;
using LabelSelector = Cluster.Api.Selectors.LabelSelector;

namespace Cluster.Api.Tests.Vectors;

/// <summary>Names, selectors, metadata, ages and failures: what we say of each input must be what Kubernetes' own Go code says.</summary>
public sealed class RuleVectorTests
{
    private static readonly ResourceType ConfigMapType = ResourceCatalog.FindKind("v1", "ConfigMap")!;
    private static readonly ResourceType PodType = ResourceCatalog.FindKind("v1", "Pod")!;
    private static readonly ResourceType DeploymentType = ResourceCatalog.FindKind("apps/v1", "Deployment")!;

    private static readonly Dictionary<string, string>[] LabelSets =
    [
        [], new() { ["a"] = "b" }, new() { ["a"] = "c" }, new() { ["a"] = "" }, new() { ["a"] = "5" }, new() { ["a"] = "b", ["b"] = "x" },
        new() { ["in"] = "in" }, new() { ["example.com/a"] = "b" }, new() { ["x"] = "1" },
    ];

    private static readonly Dictionary<string, Func<string, IEnumerable<string>>> Rules = new()
    {
        ["dns1123Label"] = NameFormats.Dns1123Label,
        ["dns1123Subdomain"] = NameFormats.Dns1123Subdomain,
        ["dns1035Label"] = NameFormats.Dns1035Label,
        ["qualifiedName"] = NameFormats.QualifiedName,
        ["labelValue"] = NameFormats.LabelValue,
        ["configKey"] = NameFormats.ConfigKey,
        ["envVarName"] = NameFormats.EnvVarName,
        ["portName"] = NameFormats.PortName,
        ["httpHeaderName"] = NameFormats.HttpHeaderName,
        ["percent"] = NameFormats.Percent,
        ["ip"] = value => NameFormats.IP(value).Select(complaint => FieldError.Invalid("f", value, complaint).Message),
        ["quote"] = value => [GoText.Quote(value)],
        ["labelSelector"] = text => [OrError(() => LabelSelector.Parse(text).ToString())],
        ["labelMatch"] = text => [string.Concat(LabelSets.Select(set => LabelSelector.Parse(text).Matches(set) ? '1' : '0'))],
        ["fieldSelector"] = text => [OrError(() => FieldSelector.Parse(text, ConfigMapType).ToString())],
        ["age"] = seconds => [AgeText.Of(TimeSpan.FromSeconds(int.Parse(seconds, CultureInfo.InvariantCulture)))],
        ["meta"] = json => Messages(Validator.ValidateCreate(new ConfigMap { Metadata = Decode<ObjectMeta>(json) })),
        ["metaUpdate"] = MetaUpdate,
        ["selectorObject"] = SelectorObject,
        ["status"] = name => [Normal(JsonCodec.EncodeToBytes(Failure(name).Status))],
    };

    [Fact]
    public void EveryRule_OfEveryInput_SaysWhatKubernetesSays() => Vector.CheckAll<RuleVector>("rules.json", vector =>
    {
        var actual = Rules[vector.Rule](vector.Input).Order(StringComparer.Ordinal);
        var expected = vector.Rule == "status" ? vector.Want.Select(json => Normal(Encoding.UTF8.GetBytes(json))) : vector.Want;
        return Vector.Difference(
            $"{vector.Rule} of {vector.Input[..Math.Min(60, vector.Input.Length)]}", string.Join('\n', expected.Order(StringComparer.Ordinal)), string.Join('\n', actual));
    });

    private static IEnumerable<string> MetaUpdate(string json)
    {
        var pair = JsonNode.Parse(json)!.AsArray();
        var (after, before) = (Decode<ObjectMeta>(pair[0]!.ToJsonString()), Decode<ObjectMeta>(pair[1]!.ToJsonString()));
        return Messages(Validator.ValidateUpdate(new ConfigMap { Metadata = after }, new ConfigMap { Metadata = before }));
    }

    /// <summary>A pod's affinity holds a selector like any other.</summary>
    private static IEnumerable<string> SelectorObject(string json)
    {
        var pod = Validation.PodRulesTests.Good();
        pod.Spec.TopologySpreadConstraints.Add(new TopologySpreadConstraint
        {
            MaxSkew = 1, TopologyKey = "zone", WhenUnsatisfiable = "DoNotSchedule", LabelSelector = Decode<MetaV1.LabelSelector>(json),
        });
        return Messages(Validator.ValidateCreate(pod))
            .Select(message => message.Replace("spec.topologySpreadConstraints[0].labelSelector", "s", StringComparison.Ordinal));
    }

    private static StatusException Failure(string name) => name switch
    {
        "notFound" => StatusErrors.NotFound(DeploymentType, "web"),
        "exists" => StatusErrors.AlreadyExists(PodType, "web"),
        "generated" => StatusErrors.GeneratedNameExists(PodType, "web"),
        "conflict" => StatusErrors.Conflict(DeploymentType, "web", "why"),
        "forbidden" => StatusErrors.Forbidden(PodType, "web", "why"),
        "forbiddenAll" => StatusErrors.Forbidden(PodType, "", "why"),
        "unauthorized" => StatusErrors.Unauthorized(),
        "badRequest" => StatusErrors.BadRequest("why"),
        "expired" => StatusErrors.Expired("why"),
        "method" => StatusErrors.MethodNotAllowed(DeploymentType, "patch"),
        "internal" => StatusErrors.InternalError("why"),
        "unavailable" => StatusErrors.ServiceUnavailable("why"),
        "timeout" => StatusErrors.Timeout("why", 3),
        "serverTime" => StatusErrors.ServerTimeout(PodType, "list", 3),
        "tooMany" => StatusErrors.TooManyRequests("why", 3),
        "invalid" => StatusErrors.Invalid("apps", "Deployment", "web",
        [
            FieldError.Required("spec.x"), FieldError.Required("spec.x", "why"), FieldError.Invalid("spec.x", "a\"b", "why"),
            FieldError.Invalid("spec.x", -1, "why"), FieldError.Invalid("spec.x", null, "why"), FieldError.Invalid("spec.x", true, ""),
            FieldError.NotSupported("spec.x", "x", ["a", "b"]), FieldError.Duplicate("spec.x[2]", "x"), FieldError.Forbidden("spec.x[k]", "why"),
            FieldError.TooLong("spec.x", 10), FieldError.TooMany("spec.x", 3, 2), FieldError.NotFound("spec.x", "x"), FieldError.Internal("spec.x", "why"),
        ]),
        "invalidOne" => StatusErrors.Invalid(PodType, "web", [FieldError.Required("spec.x")]),
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "no such failure"),
    };

    private static string OrError(Func<string> make)
    {
        try
        {
            return make();
        }
        catch (StatusException refused)
        {
            return "error: " + refused.Message;
        }
    }

    private static IEnumerable<string> Messages(IEnumerable<FieldError> errors) => errors.Select(error => error.Message);

    private static T Decode<T>(string json)
        where T : class, Google.Protobuf.IMessage<T>, new() => JsonCodec.Decode<T>(Encoding.UTF8.GetBytes(json));

    /// <summary>Without the kind, which Go's value does not have, and with sorted keys.</summary>
    private static string Normal(byte[] json)
    {
        var status = JsonNode.Parse(json)!.AsObject();
        status.Remove("kind");
        status.Remove("apiVersion");
        return new JsonObject(status.OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => KeyValuePair.Create(entry.Key, entry.Value?.DeepClone()))).ToJsonString();
    }
}

public sealed record RuleVector(string Rule, string Input, List<string> Want);
