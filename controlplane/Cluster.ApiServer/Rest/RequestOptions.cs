using System.Globalization;
using Cluster.Api;
using Cluster.Api.Json;
using Cluster.Api.MetaV1;
using Cluster.Api.Validation;
using Microsoft.AspNetCore.Http;

namespace Cluster.ApiServer.Rest;

/// <summary>The query parameters of requests.</summary>
internal static class RequestOptions
{
    public static ListOptions List(IQueryCollection query)
    {
        var options = new ListOptions
        {
            LabelSelector = Text(query, "labelSelector"),
            FieldSelector = Text(query, "fieldSelector"),
            Watch = Flag(query, "watch") ?? false,
            ResourceVersion = Text(query, "resourceVersion"),
            ResourceVersionMatch = Text(query, "resourceVersionMatch"),
            Limit = Number(query, "limit") ?? 0,
            Continue = Text(query, "continue"),
            AllowWatchBookmarks = Flag(query, "allowWatchBookmarks") ?? false,
        };
        if (Number(query, "timeoutSeconds") is { } timeout)
            options.TimeoutSeconds = timeout;
        if (Flag(query, "sendInitialEvents") is { } initial)
            options.SendInitialEvents = initial;
        return options;
    }

    /// <summary>Adds what the query says to the options of the body: the body wins, as in Kubernetes.</summary>
    public static void AddTo(DeleteOptions options, IQueryCollection query)
    {
        if (!options.HasGracePeriodSeconds && Number(query, "gracePeriodSeconds") is { } grace)
            options.GracePeriodSeconds = grace;
        if (!options.HasPropagationPolicy && Text(query, "propagationPolicy") is { Length: > 0 } policy)
            options.PropagationPolicy = policy;
        if (!options.HasOrphanDependents && Flag(query, "orphanDependents") is { } orphan)
            options.OrphanDependents = orphan;
        if (options.DryRun.Count == 0)
            options.DryRun.Add(query["dryRun"].Where(value => !string.IsNullOrEmpty(value)));
    }

    /// <param name="values">Of the query or the body.</param>
    /// <param name="kind">The options kind that an error names, such as CreateOptions.</param>
    /// <exception cref="StatusException">422: a value other than All.</exception>
    public static bool DryRun(IEnumerable<string?> values, string kind)
    {
        var given = values.Where(value => !string.IsNullOrEmpty(value)).ToList();
        if (given.Exists(value => value != "All"))
            throw StatusErrors.Invalid("meta.k8s.io", kind, "", [FieldError.NotSupported("dryRun", string.Join(",", given), ["All"])]);

        return given.Count > 0;
    }

    /// <exception cref="StatusException">422: none of the three.</exception>
    public static FieldValidation Validation(IQueryCollection query, string kind) => Text(query, "fieldValidation") switch
    {
        "" or "Warn" => FieldValidation.Warn,
        "Strict" => FieldValidation.Strict,
        "Ignore" => FieldValidation.Ignore,
        var other => throw StatusErrors.Invalid(
            "meta.k8s.io", kind, "", [FieldError.NotSupported("fieldValidation", other, ["", "Ignore", "Strict", "Warn"])]),
    };

    /// <summary>The one who is said to have made a change: named, or the program's name.</summary>
    public static string FieldManager(HttpRequest request)
    {
        if (Text(request.Query, "fieldManager") is { Length: > 0 } named)
            return named;

        var agent = request.Headers.UserAgent.ToString();
        var slash = agent.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? agent : agent[..slash];
    }

    public static string Text(IQueryCollection query, string name) => query.TryGetValue(name, out var values) ? values[0] ?? "" : "";

    public static bool IsSet(IQueryCollection query, string name) => Flag(query, name) ?? false;

    private static long? Number(IQueryCollection query, string name)
    {
        var text = Text(query, name);
        if (text.Length == 0)
            return null;

        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number
            : throw StatusErrors.BadRequest($"strconv.ParseInt: parsing {GoText.Quote(text)}: invalid syntax");
    }

    // As Kubernetes reads a flag: given without a value, or with anything but a no, it is set.
    private static bool? Flag(IQueryCollection query, string name) =>
        query.TryGetValue(name, out var values) ? (values[0] ?? "").ToLowerInvariant() is not ("false" or "0") : null;
}
