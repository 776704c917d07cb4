namespace Cluster.ApiServer.OpenApi;

/// <summary>A query parameter of an operation.</summary>
/// <param name="Name">As it stands in the query.</param>
/// <param name="Type"><c>string</c>, <c>integer</c> or <c>boolean</c>.</param>
/// <param name="Description">One line.</param>
internal sealed record QueryParameter(string Name, string Type, string Description)
{
    private static readonly QueryParameter Pretty = new("pretty", "string", "Any value but false asks for indented JSON.");

    private static readonly QueryParameter DryRun =
        new("dryRun", "string", "All: go through every check, answer as usual, and store nothing.");

    private static readonly QueryParameter FieldManager =
        new("fieldManager", "string", "The name under which this change is noted: at most 128 printable characters.");

    private static readonly QueryParameter FieldValidation = new(
        "fieldValidation", "string", "What unknown and duplicate fields of the body do: Ignore, Warn (a warning each) or Strict (the request fails).");

    private static readonly QueryParameter Force = new("force", "boolean", "Take over fields that another manager owns; only for apply patches.");

    public static readonly IReadOnlyList<QueryParameter> Read = [Pretty];

    public static readonly IReadOnlyList<QueryParameter> Write = [DryRun, FieldManager, FieldValidation, Pretty];

    public static readonly IReadOnlyList<QueryParameter> Patch = [DryRun, FieldManager, FieldValidation, Force, Pretty];

    public static readonly IReadOnlyList<QueryParameter> Delete =
    [
        DryRun,
        new("gracePeriodSeconds", "integer", "How long the object may take to end; 0 removes it at once."),
        new("orphanDependents", "boolean", "Deprecated: use propagationPolicy."),
        Pretty,
        new("propagationPolicy", "string", "What becomes of dependents: Orphan, Background or Foreground."),
    ];

    public static readonly IReadOnlyList<QueryParameter> List =
    [
        new("allowWatchBookmarks", "boolean", "A watch may send BOOKMARK events, which hold only a newer resourceVersion."),
        new("continue", "string", "The token of the page before: asks for the next page."),
        new("fieldSelector", "string", "Only objects whose fields match, such as metadata.name=web."),
        new("labelSelector", "string", "Only objects whose labels match, such as app=web,tier!=back."),
        new("limit", "integer", "At most so many objects in one answer."),
        Pretty,
        new("resourceVersion", "string", "A list: how fresh the answer must be. A watch: events after this version."),
        new("resourceVersionMatch", "string", "How resourceVersion is meant: Exact or NotOlderThan."),
        new("sendInitialEvents", "boolean", "A watch starts with the state as ADDED events and a bookmark that ends them."),
        new("timeoutSeconds", "integer", "The request ends after this time."),
        new("watch", "boolean", "Answer with changes as they happen."),
    ];

    public static readonly IReadOnlyList<QueryParameter> Log =
    [
        new("container", "string", "The container to read; may be left out where the pod has one."),
        new("follow", "boolean", "Go on as the log grows."),
        new("insecureSkipTLSVerifyBackend", "boolean", "Do not check the node's serving certificate."),
        new("limitBytes", "integer", "End after so many bytes."),
        Pretty,
        new("previous", "boolean", "The log of the container's run before this one."),
        new("sinceSeconds", "integer", "Only lines younger than this."),
        new("sinceTime", "string", "Only lines after this time (RFC 3339)."),
        new("tailLines", "integer", "Only so many lines from the end."),
        new("timestamps", "boolean", "Begin each line with its time."),
    ];

    private static readonly IReadOnlyList<QueryParameter> Streams =
    [
        new("container", "string", "The container; may be left out where the pod has one."),
        new("stderr", "boolean", "Pass its standard error on."),
        new("stdin", "boolean", "Pass standard input to it."),
        new("stdout", "boolean", "Pass its standard output on."),
        new("tty", "boolean", "Put a terminal in between."),
    ];

    private static readonly IReadOnlyList<QueryParameter> Proxy = [new("path", "string", "The path at the target, such as /status.")];

    /// <summary>Of conversations, by the kind of their options.</summary>
    public static readonly IReadOnlyDictionary<string, IReadOnlyList<QueryParameter>> Connect = new Dictionary<string, IReadOnlyList<QueryParameter>>
    {
        ["PodAttachOptions"] = Streams,
        ["PodExecOptions"] = [new("command", "string", "The command and its arguments, one value each; no shell reads it."), .. Streams],
        ["PodPortForwardOptions"] = [new("ports", "integer", "The ports to forward; needed by WebSockets alone.")],
        ["PodProxyOptions"] = Proxy,
        ["ServiceProxyOptions"] = Proxy,
        ["NodeProxyOptions"] = Proxy,
    };
}
