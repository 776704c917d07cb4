using System.Text.Json;
using System.Text.Json.Nodes;
using Cluster.Api.Json;
using Cluster.Api.Yaml;

namespace Cluster.ApiServer.Auditing;

/// <summary>Which requests are written down, and how much of them: the first rule that matches decides (audit.k8s.io/v1 Policy).</summary>
internal sealed class AuditPolicy
{
    private const string ApiVersion = "audit.k8s.io/v1";

    private readonly IReadOnlyList<AuditRule> _rules;
    private readonly IReadOnlySet<string> _omitted;
    private readonly bool _omitsManagedFields;

    private AuditPolicy(PolicyFields fields)
    {
        _rules = [.. fields.Objects("rules", AuditRule.Fields).Select(rule => new AuditRule(rule))];
        _omitted = fields.Texts("omitStages", AuditStages.All);
        _omitsManagedFields = fields.Flag("omitManagedFields") ?? false;
        if (_rules.Count == 0)
            throw new InvalidDataException("there is no rule");
    }

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
            var fields = PolicyFields.Of(document, "", "apiVersion", "kind", "metadata", "rules", "omitStages", "omitManagedFields");
            return fields.Text("apiVersion") is "" or ApiVersion ? new AuditPolicy(fields) : throw fields.Wrong("apiVersion", $"{ApiVersion} is meant");
        }
        catch (Exception e) when (e is InvalidDataException or JsonException or InvalidOperationException or Cluster.Api.StatusException)
        {
            throw new InvalidDataException($"{source}: {e.Message}", e);
        }
    }

    /// <summary>How much is written of the request; whether of a stage; and whether objects go without their managedFields.</summary>
    public (AuditLevel Level, Func<string, bool> Writes, bool OmitsManagedFields) Of(AuditAttributes request)
    {
        var rule = _rules.FirstOrDefault(rule => rule.Matches(request));
        return rule is null or { Level: AuditLevel.None }
            ? (AuditLevel.None, _ => false, false)
            : (rule.Level, stage => !_omitted.Contains(stage) && !rule.OmittedStages.Contains(stage), rule.OmitsManagedFields ?? _omitsManagedFields);
    }
}
