using Core = Cluster.Api.CoreV1;
using Events = Cluster.Api.EventsV1;

namespace Cluster.Api.Conversion;

/// <summary>Events of the core group and those of events.k8s.io are the same objects with other names for most fields.</summary>
internal static class EventConversion
{
    public static Events.Event FromCore(Core.Event e)
    {
        var converted = new Events.Event
        {
            Metadata = e.Metadata?.Clone(),
            EventTime = e.EventTime?.Clone(),
            ReportingController = e.ReportingComponent,
            ReportingInstance = e.ReportingInstance,
            Action = e.Action,
            Reason = e.Reason,
            Regarding = e.InvolvedObject?.Clone(),
            Related = e.Related?.Clone(),
            Note = e.Message,
            Type = e.Type,
            DeprecatedSource = e.Source?.Clone(),
            DeprecatedFirstTimestamp = e.FirstTimestamp?.Clone(),
            DeprecatedLastTimestamp = e.LastTimestamp?.Clone(),
            DeprecatedCount = e.Count,
        };
        if (e.Series is { } series)
            converted.Series = new Events.EventSeries { Count = series.Count, LastObservedTime = series.LastObservedTime?.Clone() };
        return converted;
    }

    public static Core.Event ToCore(Events.Event e)
    {
        var converted = new Core.Event
        {
            Metadata = e.Metadata?.Clone(),
            EventTime = e.EventTime?.Clone(),
            ReportingComponent = e.ReportingController,
            ReportingInstance = e.ReportingInstance,
            Action = e.Action,
            Reason = e.Reason,
            InvolvedObject = e.Regarding?.Clone(),
            Related = e.Related?.Clone(),
            Message = e.Note,
            Type = e.Type,
            Source = e.DeprecatedSource?.Clone(),
            FirstTimestamp = e.DeprecatedFirstTimestamp?.Clone(),
            LastTimestamp = e.DeprecatedLastTimestamp?.Clone(),
            Count = e.DeprecatedCount,
        };
        if (e.Series is { } series)
            converted.Series = new Core.EventSeries { Count = series.Count, LastObservedTime = series.LastObservedTime?.Clone() };
        return converted;
    }
}
