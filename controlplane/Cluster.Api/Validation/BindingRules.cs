using Cluster.Api.CoreV1;

namespace Cluster.Api.Validation;

/// <summary>A binding is posted, never stored: its own metadata is the pod's.</summary>
internal sealed class BindingRules : IKindRules
{
    private static readonly FieldPath Target = FieldPath.Root("target");

    public void Create(IApiObject obj, FieldErrors errors)
    {
        var target = ((Binding)obj).Target ?? new ObjectReference();
        if (target.Kind is not ("" or "Node"))
        {
            errors.NotSupported(Target.Child("kind"), target.Kind, ["Node", "<empty>"]);
        }
        if (target.Name.Length == 0)
        {
            errors.Required(Target.Child("name"));
        }
    }

    public void Update(IApiObject obj, IApiObject before, FieldErrors errors) => Create(obj, errors);

    public void StatusUpdate(IApiObject obj, IApiObject before, FieldErrors errors) => Create(obj, errors);
}
