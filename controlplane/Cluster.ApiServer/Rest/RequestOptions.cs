using System.Globalization;
using Cluster.Api;
using Cluster.Api.Apply;
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
            Limit = Math.Max(0, Number(query, "limit") ?? 0),
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
    /// <param name="request">The request.</param>
    /// <param name="kind">The options kind that an error names.</param>
    /// <exception cref="StatusException">422: no name of a manager.</exception>
    public static string FieldManager(HttpRequest request, string kind)
    {
        if (Text(request.Query, "fieldManager") is not { Length: > 0 } named)
            return ManagerNames.OfUserAgent(request.Headers.UserAgent.ToString());

        if (ManagerNames.Check(named) is { Count: > 0 } errors)
            throw StatusErrors.Invalid("meta.k8s.io", kind, "", errors);
        return named;
    }

    /// <summary>Whether an apply is forced; what only belongs to an apply may not stand in another patch.</summary>
    /// <exception cref="StatusException">422.</exception>
    public static bool CheckPatch(IQueryCollection query, bool isApply)
    {
        var force = Flag(query, "force");
        FieldError? error = null;
        if (isApply && Text(query, "fieldManager").Length == 0)
            error = FieldError.Required("fieldManager", "is required for apply patch");
        else if (!isApply && force is not null)
            error = FieldError.Forbidden("force", "may not be specified for non-apply patch");
        return error is null ? force ?? false : throw StatusErrors.Invalid("meta.k8s.io", "PatchOptions", "", [error]);
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
