using System.Text;
using System.Text.Json.Nodes;
using Cluster.Api.Apply;
using Cluster.Api.Json;
using Cluster.Api.MetaV1;

namespace Cluster.Api.Tests.Vectors;

public sealed class ApplyVectorTests
{
    private const long FirstSecond = 1_700_000_000;

    [Fact]
    public void UpdateAndApply_EveryHistory_LeaveWhatGoLeaves() => Vector.CheckAll<ApplyVector>("apply.json", vector =>
    {
        IApiObject? live = null;
        for (var step = 0; step < vector.Steps.Length; step++)
        {
            if (Check(vector, vector.Steps[step], step, ref live) is { } wrong)
                return wrong;
        }

        return null;
    });

    private static string? Check(ApplyVector vector, ApplyStep step, int index, ref IApiObject? live)
    {
        var before = live is null ? "" : Text(live);
        string actual;
        try
        {
            var result = Run(vector, step, new Time { Seconds = FirstSecond + index }, live);
            result.Metadata.Uid = "u1";
            actual = Text(live is null || !ReferenceEquals(result, live) ? live = result : live);
        }
        catch (StatusException refusal)
        {
            actual = Sorted(step.Error is not null ? JsonValue.Create(refusal.Message) : Status(refusal));
        }

        var expected = Sorted(step.Error is null ? JsonNode.Parse(step.Result ?? step.Status!) : JsonValue.Create(step.Error));
        return Vector.Difference($"{vector.Name} step {index} ({step.Manager} {step.Op} {step.Body})\n  before {before}\n ", expected, actual);
    }

    private static IApiObject Run(ApplyVector vector, ApplyStep step, Time now, IApiObject? live)
    {
        var type = ApiKinds.Find(vector.ApiVersion, vector.Kind)!;
        var manager = new FieldManager(type, step.Subresource ?? "", step.Reset ?? []);
        var body = Encoding.UTF8.GetBytes(step.Body);
        if (step.Op == "apply")
            return manager.Apply(live, (JsonObject)JsonNode.Parse(body)!, step.Manager, step.Force, now);
        var obj = (IApiObject)JsonCodec.Decode(body, type, FieldValidation.Ignore, null);
        manager.Update(live, obj, step.Manager, now);
        return obj;
    }

    private static string Text(IApiObject obj) => Sorted(Node(JsonCodec.EncodeToBytes(obj)));

    private static JsonNode Status(StatusException refusal)
    {
        var status = (JsonObject)Node(JsonCodec.EncodeToBytes(refusal.Status))!;
        status.Remove("apiVersion");
        status.Remove("kind");
        return status;
    }

    private static JsonNode? Node(byte[] json) => JsonNode.Parse(json);

    // Go's structs and ours have their keys in one order, but what was merged as a map has another.
    private static string Sorted(JsonNode? node) => node switch
    {
        JsonObject members => $"{{{string.Join(',', members.OrderBy(member => member.Key, StringComparer.Ordinal).Select(member => $"\"{member.Key}\":{Sorted(member.Value)}"))}}}",
        JsonArray list => $"[{string.Join(',', list.Select(Sorted))}]",
        null => "null",
        _ => node.ToJsonString(),
    };
}

public sealed record ApplyVector(string Name, string ApiVersion, string Kind, ApplyStep[] Steps);

public sealed record ApplyStep(
    string Op, string Manager, string? Subresource, string[]? Reset, bool Force, string Body, string? Result, string? Status, string? Error);
