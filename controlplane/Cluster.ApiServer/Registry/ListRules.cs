using Cluster.Api;
using Cluster.Api.MetaV1;
using Cluster.Api.Validation;

namespace Cluster.ApiServer.Registry;

/// <summary>Which combinations of list and watch parameters make sense.</summary>
internal static class ListRules
{
    private const string Exact = "Exact";
    private const string NotOlderThan = "NotOlderThan";

    /// <exception cref="StatusException">422, or 400 for a continue token together with a version.</exception>
    public static void CheckList(ListOptions options)
    {
        List<FieldError> errors = [];
        if (options.HasSendInitialEvents)
            errors.Add(FieldError.Forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"));
        if (options.ResourceVersionMatch.Length > 0)
            errors.AddRange(MatchErrors(options));
        Refuse(errors);

        if (options.Continue.Length > 0 && options.ResourceVersion is not ("" or "0"))
            throw StatusErrors.BadRequest("specifying resource version is not allowed when using continue");
    }

    /// <exception cref="StatusException">422.</exception>
    public static void CheckWatch(ListOptions options)
    {
        List<FieldError> errors = [];
        if (!options.HasSendInitialEvents && options.ResourceVersionMatch.Length > 0)
        {
            errors.Add(FieldError.Forbidden(
                "resourceVersionMatch", "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"));
        }
        else if (options.HasSendInitialEvents && options.ResourceVersionMatch != NotOlderThan)
        {
            errors.Add(FieldError.Forbidden(
                "resourceVersionMatch", "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"));
        }

        Refuse(errors);
    }

    /// <summary>The list is wanted exactly as of its resourceVersion.</summary>
    public static bool IsExact(ListOptions options) =>
        options.ResourceVersionMatch == Exact
        || (options.ResourceVersionMatch.Length == 0 && options.Limit > 0 && options.ResourceVersion is not ("" or "0"));

    private static IEnumerable<FieldError> MatchErrors(ListOptions options)
    {
        const string field = "resourceVersionMatch";
        if (options.ResourceVersion.Length == 0)
            yield return FieldError.Forbidden(field, "resourceVersionMatch is forbidden unless resourceVersion is provided");
        if (options.Continue.Length > 0)
            yield return FieldError.Forbidden(field, "resourceVersionMatch is forbidden when continue is provided");
        if (options.ResourceVersionMatch is not (Exact or NotOlderThan))
            yield return FieldError.NotSupported(field, options.ResourceVersionMatch, [Exact, NotOlderThan, ""]);
        if (options is { ResourceVersionMatch: Exact, ResourceVersion: "0" })
            yield return FieldError.Forbidden(field, "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
    }

    private static void Refuse(List<FieldError> errors)
    {
        if (errors.Count > 0)
            throw StatusErrors.Invalid("meta.k8s.io", "ListOptions", "", errors);
    }
}
