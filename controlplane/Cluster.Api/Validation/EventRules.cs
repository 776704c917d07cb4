using Cluster.Api.CoreV1;

namespace Cluster.Api.Validation;

/// <summary>An event lives in the namespace of what it is about; those about cluster objects live in default.</summary>
internal sealed class EventRules : KindRules<Event>
{
    protected override void Check(Event obj, FieldErrors errors)
    {
        var about = obj.InvolvedObject?.Namespace ?? "";
        var ns = obj.Metadata?.Namespace ?? "";
        var path = FieldPath.Root("involvedObject").Child("namespace");
        if (about.Length == 0)
        {
            if (ns is not ("default" or "" or "kube-system"))
            {
                errors.Invalid(path, about, "does not match event.namespace");
            }
        }
        else if (about != ns)
        {
            errors.Invalid(path, about, "does not match event.namespace");
        }
    }
}
