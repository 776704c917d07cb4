using Cluster.Api.AdmissionRegistrationV1;
using Google.Protobuf;

namespace Cluster.Api.Validation;

/// <summary>The rules of a webhook of either kind.</summary>
internal static class WebhookRules
{
    private const int LongestSeconds = 30;

    public static void Check(IReadOnlyList<IWebhook> webhooks, FieldErrors errors)
    {
        var path = FieldPath.Root("webhooks");
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var index = 0; index < webhooks.Count; index++)
        {
            Check(webhooks[index], path.Index(index), errors);
            if (!names.Add(webhooks[index].Name))
                errors.Duplicate(path.Index(index).Child("name"), webhooks[index].Name);
        }
    }

    private static void Check(IWebhook webhook, FieldPath path, FieldErrors errors)
    {
        errors.Format(path.Child("name"), webhook.Name, NameFormats.Dns1123Subdomain);
        if (webhook.Name.Split('.').Length < 3)
            errors.Invalid(path.Child("name"), webhook.Name, "should be a domain with at least three segments separated by dots");
        CheckVersions(webhook.AdmissionReviewVersions, path.Child("admissionReviewVersions"), errors);
        for (var index = 0; index < webhook.Rules.Count; index++)
            CheckRule(webhook.Rules[index], path.Child("rules").Index(index), errors);
        errors.OptionalOneOf(path.Child("failurePolicy"), webhook.FailurePolicy, "Fail", "Ignore");
        errors.OptionalOneOf(path.Child("matchPolicy"), webhook.MatchPolicy, "Equivalent", "Exact");
        if (!webhook.HasSideEffects)
            errors.Required(path.Child("sideEffects"), "must specify one of None, NoneOnDryRun");
        else if (webhook.SideEffects is not ("None" or "NoneOnDryRun"))
            errors.NotSupported(path.Child("sideEffects"), webhook.SideEffects, ["None", "NoneOnDryRun"]);
        if (webhook.HasTimeoutSeconds && webhook.TimeoutSeconds is < 1 or > LongestSeconds)
            errors.Invalid(path.Child("timeoutSeconds"), webhook.TimeoutSeconds, $"the timeout value must be between 1 and {LongestSeconds} seconds");
        LabelSelectorRules.Check(webhook.NamespaceSelector, path.Child("namespaceSelector"), errors);
        LabelSelectorRules.Check(webhook.ObjectSelector, path.Child("objectSelector"), errors);
        CheckClient(webhook.ClientConfig ?? new WebhookClientConfig(), path.Child("clientConfig"), errors);
        if (webhook.MatchConditions.Count > 0)
        {
            errors.Forbidden(
                path.Child("matchConditions"), "this server does not evaluate the Common Expression Language: narrow the rules and selectors instead");
        }
    }

    private static void CheckVersions(IReadOnlyList<string> versions, FieldPath path, FieldErrors errors)
    {
        if (versions.Count == 0)
            errors.Required(path, "must specify one of v1, v1beta1");
        else if (!versions.Contains("v1") && !versions.Contains("v1beta1"))
            errors.Invalid(path, versions, "must include at least one of v1, v1beta1");
    }

    private static void CheckRule(RuleWithOperations rule, FieldPath path, FieldErrors errors)
    {
        if (rule.Operations.Count == 0)
            errors.Required(path.Child("operations"));
        foreach (var operation in rule.Operations.Where(operation => operation is not ("*" or "CREATE" or "UPDATE" or "DELETE" or "CONNECT")))
            errors.NotSupported(path.Child("operations"), operation, ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"]);
        var what = rule.Rule ?? new Rule();
        List(what.ApiGroups, "apiGroups");
        List(what.ApiVersions, "apiVersions");
        List(what.Resources, "resources");
        errors.OptionalOneOf(path.Child("scope"), what.Scope, "*", "Cluster", "Namespaced");

        void List(IReadOnlyList<string> values, string name)
        {
            if (values.Count == 0)
                errors.Required(path.Child(name));
            if (values.Count > 1 && values.Contains("*"))
                errors.Invalid(path.Child(name), values, "if '*' is present, must not specify other values");
            for (var index = 0; index < values.Count; index++)
            {
                if (values[index].Length == 0 && name != "apiGroups")
                    errors.Required(path.Child(name).Index(index));
            }
        }
    }

    private static void CheckClient(WebhookClientConfig client, FieldPath path, FieldErrors errors)
    {
        if (client.HasUrl == (client.Service is not null))
            errors.Required(path, "exactly one of url or service is required");
        else if (client.HasUrl)
            CheckUrl(client.Url, path.Child("url"), errors);
        else
            CheckService(client.Service!.Name, client.Service.Namespace, client.Service.Path, client.Service.HasPort ? client.Service.Port : null, path.Child("service"), errors);
        CheckBundle(client.CaBundle, path.Child("caBundle"), errors);
    }

    public static void CheckBundle(ByteString bundle, FieldPath path, FieldErrors errors)
    {
        if (!bundle.IsEmpty && !IsPem(bundle.ToByteArray()))
            errors.Invalid(path, new GoLiteral("<bytes>"), "unable to load root certificates: no PEM-encoded certificate in it");
    }

    public static void CheckUrl(string text, FieldPath path, FieldErrors errors)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url))
            errors.Invalid(path, text, "url must be a valid URL; desired format: https://host[/path]");
        else if (url.Scheme != Uri.UriSchemeHttps)
            errors.Invalid(path, url.Scheme, "'https' is the only allowed URL scheme; desired format: https://host[/path]");
        else if (url.UserInfo.Length > 0)
            errors.Invalid(path, url.UserInfo, "user information is not permitted in the URL");
        else if (url.Fragment.Length > 0 || url.Query.Length > 0)
            errors.Invalid(path, text, "fragments and query parameters are not permitted in the URL");
    }

    /// <param name="name">The service's.</param>
    /// <param name="ns">Its namespace.</param>
    /// <param name="urlPath">Where the webhook stands there; empty: at the root.</param>
    /// <param name="port">Null: not said.</param>
    /// <param name="path">Of the field.</param>
    /// <param name="errors">Gets what is wrong.</param>
    public static void CheckService(string name, string ns, string urlPath, int? port, FieldPath path, FieldErrors errors)
    {
        if (name.Length == 0)
            errors.Required(path.Child("name"), "service name is required");
        if (ns.Length == 0)
            errors.Required(path.Child("namespace"), "service namespace is required");
        if (port is < 1 or > 65535)
            errors.Invalid(path.Child("port"), port, "port is not valid: must be between 1 and 65535, inclusive");
        if (urlPath is not ("" or "/"))
            CheckServicePath(urlPath, path.Child("path"), errors);
    }

    private static void CheckServicePath(string text, FieldPath path, FieldErrors errors)
    {
        if (!text.StartsWith('/'))
        {
            errors.Invalid(path, text, "must start with a '/'");
            return;
        }

        // One slash at the end is borne.
        var segments = text[1..].Split('/').ToList();
        if (segments.Count > 1 && segments[^1].Length == 0)
            segments.RemoveAt(segments.Count - 1);
        for (var i = 0; i < segments.Count; i++)
        {
            if (segments[i].Length == 0)
                errors.Invalid(path, text, $"segment[{i}] may not be empty");
            else
                errors.Invalid(path, text, NameFormats.Dns1123Subdomain(segments[i]).Select(complaint => $"segment[{i}]: {complaint}"));
        }
    }

    private static bool IsPem(byte[] bytes) => System.Text.Encoding.ASCII.GetString(bytes).Contains("-----BEGIN CERTIFICATE-----", StringComparison.Ordinal);
}
