using System.Text;
using Cluster.Api.CoreV1;
using Cluster.Api.MetaV1;

namespace Cluster.Api.Validation;

/// <summary>
/// An event lives in the namespace of what it is about; those about cluster objects live in default. One that tells the time in
/// <c>eventTime</c> is of the new form and says who saw what.
/// </summary>
/// <param name="isStrict">Written as one of events.k8s.io: of the new form throughout, and told once.</param>
internal sealed class EventRules(bool isStrict = false) : KindRules<Event>
{
    private const int MaxWordBytes = 128;
    private const int MaxNoteBytes = 1024;
    private const string Unset = "needs to be unset";

    protected override void Check(Event obj, FieldErrors errors)
    {
        CheckNamespace(obj, errors);
        if (obj.EventTime.IsZero())
            return;
        var controller = FieldPath.Root(isStrict ? "reportingController" : "reportingComponent");
        errors.Present(controller, obj.ReportingComponent);
        errors.Format(controller, obj.ReportingComponent, NameFormats.QualifiedName);
        CheckWord("reportingInstance", obj.ReportingInstance, errors);
        CheckWord("action", obj.Action, errors);
        CheckWord("reason", obj.Reason, errors);
        CheckLength("message", obj.Message, MaxNoteBytes, errors);
    }

    protected override void CheckCreate(Event obj, FieldErrors errors)
    {
        if (!isStrict)
            return;
        CheckSeries(obj.Series, errors);
        if (obj.EventTime.IsZero())
            errors.Required(FieldPath.Root("eventTime"));
        if (obj.Type is not ("Normal" or "Warning"))
            errors.Invalid(FieldPath.Root("type"), "", $"has invalid value: {obj.Type}");
        CheckUnset("firstTimestamp", obj.FirstTimestamp.IsZero(), errors);
        CheckUnset("lastTimestamp", obj.LastTimestamp.IsZero(), errors);
        CheckUnset("count", obj.Count == 0, errors);
        CheckUnset("source", obj.Source is null or { Component.Length: 0, Host.Length: 0 }, errors);
    }

    protected override void CheckUpdate(Event obj, Event before, FieldErrors errors)
    {
        if (!isStrict)
            return;
        if (!Equals(obj.Series, before.Series))
            CheckSeries(obj.Series, errors);
        errors.Unchanged(FieldPath.Root("involvedObject"), obj.InvolvedObject, before.InvolvedObject);
        errors.Unchanged(FieldPath.Root("reason"), obj.Reason, before.Reason);
        errors.Unchanged(FieldPath.Root("message"), obj.Message, before.Message);
        errors.Unchanged(FieldPath.Root("source"), obj.Source ?? new(), before.Source ?? new());
        errors.Unchanged(FieldPath.Root("firstTimestamp"), Told(obj.FirstTimestamp), Told(before.FirstTimestamp));
        errors.Unchanged(FieldPath.Root("lastTimestamp"), Told(obj.LastTimestamp), Told(before.LastTimestamp));
        errors.Unchanged(FieldPath.Root("count"), obj.Count, before.Count);
        errors.Unchanged(FieldPath.Root("type"), obj.Type, before.Type);
        errors.Unchanged(FieldPath.Root("eventTime"), obj.EventTime, before.EventTime);
        errors.Unchanged(FieldPath.Root("action"), obj.Action, before.Action);
        errors.Unchanged(FieldPath.Root("related"), obj.Related, before.Related);
        errors.Unchanged(FieldPath.Root("reportingController"), obj.ReportingComponent, before.ReportingComponent);
        errors.Unchanged(FieldPath.Root("reportingInstance"), obj.ReportingInstance, before.ReportingInstance);
    }

    // In protobuf a time that is not told is written as an empty one.
    private static Time? Told(Time? time) => time.IsZero() ? null : time;

    private static void CheckNamespace(Event obj, FieldErrors errors)
    {
        var about = obj.InvolvedObject?.Namespace ?? "";
        var ns = obj.Metadata?.Namespace ?? "";
        var agrees = about.Length == 0 ? ns is "default" or "" or "kube-system" : about == ns || !obj.EventTime.IsZero();
        if (!agrees)
            errors.Invalid(FieldPath.Root("involvedObject").Child("namespace"), about, "does not match event.namespace");
    }

    private static void CheckSeries(EventSeries? series, FieldErrors errors)
    {
        if (series is null)
            return;
        if (series.Count < 2)
            errors.Invalid(FieldPath.Root("series.count"), "", "should be at least 2");
        if (series.LastObservedTime.IsZero())
            errors.Required(FieldPath.Root("series.lastObservedTime"));
    }

    private static void CheckWord(string field, string value, FieldErrors errors)
    {
        errors.Present(FieldPath.Root(field), value);
        CheckLength(field, value, MaxWordBytes, errors);
    }

    private static void CheckLength(string field, string value, int maxBytes, FieldErrors errors)
    {
        if (Encoding.UTF8.GetByteCount(value) > maxBytes)
            errors.Invalid(FieldPath.Root(field), "", $"can have at most {maxBytes} characters");
    }

    private static void CheckUnset(string field, bool isUnset, FieldErrors errors)
    {
        if (!isUnset)
            errors.Invalid(FieldPath.Root(field), "", Unset);
    }
}
