using Cluster.Api.NetworkingV1;

namespace Cluster.Api.Validation;

internal sealed class IngressClassRules : KindRules<IngressClass>
{
    private const int MaxController = 250;

    private static readonly FieldPath Controller = FieldPath.Spec.Child("controller");

    protected override void Check(IngressClass obj, FieldErrors errors)
    {
        var spec = obj.Spec ?? new IngressClassSpec();
        if (spec.Controller.Length > MaxController)
        {
            errors.TooLong(Controller, MaxController);
        }
        DomainPathRules.Check(spec.Controller, Controller, errors);
        if (spec.Parameters is { } parameters)
        {
            Parameters(parameters, FieldPath.Spec.Child("parameters"), errors);
        }
    }

    protected override void CheckUpdate(IngressClass obj, IngressClass before, FieldErrors errors) =>
        errors.Unchanged(Controller, obj.Spec?.Controller ?? "", before.Spec?.Controller ?? "");

    private static void Parameters(IngressClassParametersReference parameters, FieldPath path, FieldErrors errors)
    {
        if (parameters.HasAPIGroup)
        {
            errors.Format(path.Child("apiGroup"), parameters.APIGroup, NameFormats.Dns1123Subdomain);
        }
        if (errors.Present(path.Child("kind"), parameters.Kind))
        {
            errors.Format(path.Child("kind"), parameters.Kind, NameFormats.PathSegment);
        }
        if (errors.Present(path.Child("name"), parameters.Name))
        {
            errors.Format(path.Child("name"), parameters.Name, NameFormats.PathSegment);
        }
        switch (parameters.Scope)
        {
            case "Namespace" when !parameters.HasNamespace:
                errors.Required(path.Child("namespace"), "`parameters.scope` is set to 'Namespace'");
                break;
            case "Namespace":
                errors.Format(path.Child("namespace"), parameters.Namespace, NameFormats.Dns1123Label);
                break;
            case "Cluster" when parameters.HasNamespace:
                errors.Forbidden(path.Child("namespace"), "`parameters.scope` is set to 'Cluster'");
                break;
            case "Cluster":
                break;
            default:
                errors.NotSupported(path.Child("scope"), parameters.Scope, ["Cluster", "Namespace"]);
                break;
        }
    }
}
