using System.Text.Json;
using System.Text.Json.Nodes;
using Cluster.Api.Json;
using Cluster.Api.Yaml;

namespace Cluster.ApiServer.Auditing;

/// <summary>Which requests are written down, and how much of them: the first rule that matches decides (audit.k8s.io/v1 Policy).</summary>
internal sealed class AuditPolicy
{
    private readonly IReadOnlyList<AuditRule> _rules;
    private readonly HashSet<string> _omitted;

    private AuditPolicy(IReadOnlyList<AuditRule> rules, HashSet<string> omitted) => (_rules, _omitted) = (rules, omitted);

    /// <summary>Everything, without objects, once each.</summary>
    public static AuditPolicy Default { get; } = Parse("""{"kind":"Policy","omitStages":["RequestReceived"],"rules":[{"level":"Metadata"}]}""", "default policy");

    /// <exception cref="InvalidDataException">It is no policy; the message names <paramref name="source"/>.</exception>
    public static AuditPolicy Parse(string yaml, string source)
    {
        try
        {
            var document = YamlCodec.ToJson(yaml) is [var first, ..] ? JsonTrees.Parse(first) as JsonObject : null;
            if (document is null || (string?)document["kind"] != "Policy")
                throw new InvalidDataException("not an audit policy: kind Policy of audit.k8s.io/v1 is meant");
            var rules = (document["rules"] as JsonArray ?? []).OfType<JsonObject>().Select(rule => new AuditRule(rule)).ToList();
            return rules.Count > 0 ? new AuditPolicy(rules, [.. AuditRule.Strings(document["omitStages"])]) : throw new InvalidDataException("there is no rule");
        }
        catch (Exception e) when (e is InvalidDataException or JsonException or InvalidOperationException or Cluster.Api.StatusException)
        {
            throw new InvalidDataException($"{source}: {e.Message}", e);
        }
    }

    /// <summary>How much is written of the request; and whether of a stage.</summary>
    public (AuditLevel Level, Func<string, bool> Writes) Of(AuditAttributes request)
    {
        var rule = _rules.FirstOrDefault(rule => rule.Matches(request));
        return rule is null or { Level: AuditLevel.None }
            ? (AuditLevel.None, _ => false)
            : (rule.Level, stage => !_omitted.Contains(stage) && !rule.OmittedStages.Contains(stage));
    }
}
