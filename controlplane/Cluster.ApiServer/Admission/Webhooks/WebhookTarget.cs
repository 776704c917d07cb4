using Cluster.Api;
using Cluster.Api.AdmissionRegistrationV1;

namespace Cluster.ApiServer.Admission.Webhooks;

/// <summary>Whether rules are about a request, and in which version of its objects.</summary>
internal static class WebhookTarget
{
    /// <summary>The version in which the webhook is to see the object; null: it is not asked.</summary>
    /// <param name="webhook">Its rules and match policy.</param>
    /// <param name="request">The request.</param>
    public static ResourceType? VersionFor(IWebhook webhook, AdmissionRequest request)
    {
        var asked = request.Scope.Version ?? request.Scope.Resource;
        if (webhook.Rules.Any(rule => Matches(rule, asked, request)))
            return asked;
        return webhook.MatchPolicy == "Exact" ? null
            : Others(request.Scope.Resource, asked).FirstOrDefault(version => webhook.Rules.Any(rule => Matches(rule, version, request)));
    }

    // The stored version first: the object needs no conversion to it.
    private static IEnumerable<ResourceType> Others(ResourceType stored, ResourceType asked) =>
        (stored.Custom?.Versions ?? ResourceCatalog.All.Where(type => type.StoredAs is not null && type.Storage == stored).Prepend(stored))
            .Where(type => type.ApiVersion != asked.ApiVersion);

    private static bool Matches(RuleWithOperations rule, ResourceType version, AdmissionRequest request)
    {
        var what = rule.Rule;
        return Has(rule.Operations, request.Operation.ToString().ToUpperInvariant())
            && Has(what.ApiGroups, version.Group)
            && Has(what.ApiVersions, version.Version)
            && what.Resources.Any(resource => Names(resource, version.Plural, request.Scope.Subresource))
            && what.Scope switch
            {
                "Cluster" => !version.Namespaced,
                "Namespaced" => version.Namespaced,
                _ => true,
            };
    }

    private static bool Has(IEnumerable<string> values, string value) => values.Any(one => one == "*" || one == value);

    private static bool Names(string rule, string plural, string? part)
    {
        if (rule == "*/*")
            return true;
        var slash = rule.IndexOf('/', StringComparison.Ordinal);
        var (resource, of) = slash < 0 ? (rule, null) : (rule[..slash], rule[(slash + 1)..]);
        // Upstream's star for a part stands for the object itself too: a policy of "pods/*" guards pods.
        return (resource == "*" || resource == plural) && (of == "*" || of == part);
    }
}
