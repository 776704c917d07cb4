using Cluster.Api.MetaV1;
using Cluster.Api.Validation;

namespace Cluster.Api;

/// <summary>Makes every failure of the API with Kubernetes' code, reason, message, details and causes.</summary>
/// <remarks>
/// Details name the plural resource, except those of Invalid, which name the kind: clients print "pods "x" not found" but
/// "Pod "x" is invalid".
/// </remarks>
public static class StatusErrors
{
    /// <summary>What a conflict says when the resourceVersion of an update is stale.</summary>
    public const string StaleObject =
        "the object has been modified; please apply your changes to the latest version and try again";

    public static StatusException NotFound(ResourceType type, string name) => NotFound(type.Group, type.Plural, name);

    public static StatusException NotFound(string group, string plural, string name) =>
        About(404, "NotFound", $"{Qualified(plural, group)} {GoText.Quote(name)} not found", group, plural, name);

    /// <summary>As clients say it when a server knows no such path.</summary>
    public static StatusException NotServed() => new(new Status
    {
        Status_ = "Failure", Code = 404, Reason = "NotFound", Message = "the server could not find the requested resource", Details = new StatusDetails(),
    });

    public static StatusException AlreadyExists(ResourceType type, string name) =>
        About(409, "AlreadyExists", $"{type.GroupResource} {GoText.Quote(name)} already exists", type.Group, type.Plural, name);

    /// <summary>No free name was found for a generateName.</summary>
    public static StatusException GeneratedNameExists(ResourceType type, string name)
    {
        var failure = About(
            409, "AlreadyExists",
            $"{type.GroupResource} {GoText.Quote(name)} already exists, the server was not able to generate a unique name for the object",
            type.Group, type.Plural, name);
        failure.Status.Details.RetryAfterSeconds = 1;
        return failure;
    }

    public static StatusException Conflict(ResourceType type, string name, string why = StaleObject) => About(
        409, "Conflict", $"Operation cannot be fulfilled on {type.GroupResource} {GoText.Quote(name)}: {why}",
        type.Group, type.Plural, name);

    /// <summary>An object breaks rules: the message lists them and each is a cause.</summary>
    public static StatusException Invalid(ResourceType type, string name, IEnumerable<FieldError> errors) =>
        Invalid(type.Group, type.Kind, name, errors);

    public static StatusException Invalid(string group, string kind, string name, IEnumerable<FieldError> errors)
    {
        var all = Bounded(errors);
        var head = $"{Qualified(kind, group)} {GoText.Quote(name)} is invalid";
        var failure = About(422, "Invalid", all.Count == 0 ? head : $"{head}: {Aggregate(all)}", group, kind, name);
        failure.Status.Details.Causes.Add(all.Select(CauseOf));
        return failure;
    }

    // The last one tells how many are left out.
    private static FieldErrors Bounded(IEnumerable<FieldError> errors)
    {
        if (errors is not FieldErrors all)
        {
            all = [];
            foreach (var error in errors)
                all.Add(error);
        }

        return all.Dropped == 0 ? all : all.WithRest();
    }

    public static StatusException BadRequest(string message) => Plain(400, "BadRequest", message);

    public static StatusException Unauthorized(string message = "Unauthorized") => Plain(401, "Unauthorized", message);

    public static StatusException Forbidden(ResourceType type, string name, string why) =>
        Forbidden(type.Group, type.Plural, name, why);

    /// <param name="plural">Empty for a request that names no resource.</param>
    /// <param name="name">Empty for a request on a collection.</param>
    public static StatusException Forbidden(string group, string plural, string name, string why)
    {
        var subject = plural.Length == 0 ? ""
            : name.Length == 0 ? $"{Qualified(plural, group)} is "
            : $"{Qualified(plural, group)} {GoText.Quote(name)} is ";
        return About(403, "Forbidden", $"{subject}forbidden: {why}", group, plural, name);
    }

    /// <summary>Nothing new may be made in a namespace on its way out.</summary>
    public static StatusException NamespaceTerminating(ResourceType type, string name, string ns)
    {
        var failure = Forbidden(type, name, $"unable to create new content in namespace {ns} because it is being terminated");
        failure.Status.Details.Causes.Add(new StatusCause
        {
            Reason = "NamespaceTerminating", Message = $"namespace {ns} is being terminated", Field = "metadata.namespace",
        });
        return failure;
    }

    /// <summary>The revision asked for is compacted: list again.</summary>
    public static StatusException Expired(string message = "The resourceVersion for the provided watch is too old.") =>
        Plain(410, "Expired", message);

    /// <summary>A watch asks for events the server no longer has.</summary>
    public static StatusException TooOldResourceVersion(long asked, long oldest) =>
        Expired($"too old resource version: {asked} ({oldest})");

    public static StatusException Gone(string message) => Plain(410, "Gone", message);

    public static StatusException MethodNotAllowed(ResourceType type, string verb) => About(
        405, "MethodNotAllowed", $"{verb} is not supported on resources of kind {GoText.Quote(type.GroupResource)}",
        type.Group, type.Plural, "");

    /// <summary>A path that knows the method not at all.</summary>
    public static StatusException MethodNotAllowed() =>
        Plain(405, "MethodNotAllowed", "the server does not allow this method on the requested resource");

    public static StatusException NotAcceptable(params IEnumerable<string> accepted) =>
        Plain(406, "NotAcceptable", $"only the following media types are accepted: {string.Join(", ", accepted)}");

    public static StatusException UnsupportedMediaType(params IEnumerable<string> accepted) => Plain(
        415, "UnsupportedMediaType",
        $"the body of the request was in an unknown format - accepted media types include: {string.Join(", ", accepted)}");

    public static StatusException RequestEntityTooLarge(long limitBytes) =>
        RequestEntityTooLarge($"Request entity too large: limit is {limitBytes}");

    public static StatusException RequestEntityTooLarge(string message) => Plain(413, "RequestEntityTooLarge", message);

    public static StatusException TooManyRequests(string message, int retryAfterSeconds) =>
        RetryAfter(429, "TooManyRequests", message, retryAfterSeconds);

    public static StatusException InternalError(string text, Exception? inner = null)
    {
        var status = Failure(500, "InternalError", $"Internal error occurred: {text}");
        status.Details = new StatusDetails { Causes = { new StatusCause { Message = text } } };
        return inner is null ? new StatusException(status) : new StatusException(status, inner);
    }

    /// <summary>A failure that Kubernetes has no reason for: 500 with the message alone.</summary>
    public static StatusException Unexplained(string message, Exception? inner = null) =>
        inner is null ? Plain(500, "", message) : new StatusException(Failure(500, "", message), inner);

    public static StatusException ServiceUnavailable(string message) => Plain(503, "ServiceUnavailable", message);

    public static StatusException Timeout(string text, int retryAfterSeconds = 0) =>
        RetryAfter(504, "Timeout", $"Timeout: {text}", retryAfterSeconds);

    /// <summary>A read asks for a state newer than the server has seen.</summary>
    public static StatusException TooLargeResourceVersion(long asked, long current)
    {
        var failure = Timeout($"Too large resource version: {asked}, current: {current}", retryAfterSeconds: 1);
        failure.Status.Details.Causes.Add(new StatusCause { Reason = "ResourceVersionTooLarge", Message = "Too large resource version" });
        return failure;
    }

    /// <summary>The server gave up on an operation that may be tried again.</summary>
    public static StatusException ServerTimeout(ResourceType type, string operation, int retryAfterSeconds)
    {
        var failure = About(
            500, "ServerTimeout",
            $"The {operation} operation against {type.GroupResource} could not be completed at this time, please try again.",
            type.Group, type.Plural, operation);
        failure.Status.Details.RetryAfterSeconds = retryAfterSeconds;
        return failure;
    }

    /// <summary>One error is told as it is, several in brackets, the same text once.</summary>
    internal static string Aggregate(IEnumerable<FieldError> errors)
    {
        var messages = errors.Select(error => error.Message).Distinct().ToList();
        return messages.Count == 1 ? messages[0] : $"[{string.Join(", ", messages)}]";
    }

    private static string Qualified(string name, string group) => group.Length == 0 ? name : $"{name}.{group}";

    private static StatusCause CauseOf(FieldError error) =>
        new() { Reason = error.CauseReason, Message = error.Body, Field = error.Path };

    private static StatusException Plain(int code, string reason, string message) => new(Failure(code, reason, message));

    private static StatusException About(int code, string reason, string message, string group, string kind, string name)
    {
        var status = Failure(code, reason, message);
        status.Details = new StatusDetails { Group = group, Kind = kind, Name = name };
        return new StatusException(status);
    }

    private static StatusException RetryAfter(int code, string reason, string message, int seconds)
    {
        var status = Failure(code, reason, message);
        status.Details = new StatusDetails { RetryAfterSeconds = seconds };
        return new StatusException(status);
    }

    private static Status Failure(int code, string reason, string message) =>
        new() { Status_ = "Failure", Code = code, Reason = reason, Message = message };
}
