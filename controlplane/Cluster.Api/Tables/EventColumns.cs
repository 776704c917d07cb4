using Cluster.Api.CoreV1;

namespace Cluster.Api.Tables;

/// <summary>What happened, newest fact first: the first column is a time and not the name.</summary>
internal static class EventColumns
{
    public static TableColumns Make() => new TableBuilder<Event>()
        .Text("Last Seen", "When it happened last.", LastSeen)
        .Text("Type", "Normal or Warning.", e => e.Type)
        .Text("Reason", "One word for what happened.", e => e.Reason)
        .Text("Object", "What it happened to.", Subject)
        .Wide("Subobject", "The part of the object.", e => e.InvolvedObject?.FieldPath ?? "")
        .Wide("Source", "Who saw it.", Source)
        .Text("Message", "What happened, in a sentence.", e => e.Message.Trim())
        .Wide("First Seen", "When it happened first.", FirstSeen)
        .WideNumber("Count", "How often it happened.", Count)
        .Wide("Name", "The name of the event itself.", e => e.Metadata?.Name ?? "")
        .Build();

    private static string FirstSeen(Event e, DateTimeOffset now) =>
        e.FirstTimestamp.IsZero() ? AgeText.Since(e.EventTime, now) : AgeText.Since(e.FirstTimestamp, now);

    private static string LastSeen(Event e, DateTimeOffset now)
    {
        if (e.Series is { } series)
        {
            return AgeText.Since(series.LastObservedTime, now);
        }
        return e.LastTimestamp.IsZero() ? FirstSeen(e, now) : AgeText.Since(e.LastTimestamp, now);
    }

    private static string Subject(Event e)
    {
        var kind = (e.InvolvedObject?.Kind ?? "").ToLowerInvariant();
        return e.InvolvedObject is { Name.Length: > 0 } about ? $"{kind}/{about.Name}" : kind;
    }

    private static string Source(Event e)
    {
        var component = e.Source is { Component.Length: > 0 } source ? source.Component : e.ReportingComponent;
        var instance = e.Source is { Host.Length: > 0 } host ? host.Host : e.ReportingInstance;
        return instance.Length > 0 ? $"{component}, {instance}" : component;
    }

    private static int Count(Event e) => e.Series is { } series ? series.Count + 1 : Math.Max(e.Count, 1);
}
