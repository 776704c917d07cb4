using Cluster.Api.ApiExtensionsV1;

namespace Cluster.Api.Defaulting;

internal static class DefinitionDefaults
{
    public static void Apply(CustomResourceDefinition definition)
    {
        var spec = definition.Spec ??= new CustomResourceDefinitionSpec();
        spec.Conversion ??= new CustomResourceConversion();
        spec.Conversion.Strategy = spec.Conversion.Strategy.Or("None");
        if (spec.Conversion.Webhook is { ClientConfig.Service: { HasPort: false } service })
            service.Port = 443;
        var names = spec.Names ??= new CustomResourceDefinitionNames();
        names.Singular = names.Singular.Or(names.Kind.ToLowerInvariant());
        if (names.Kind.Length > 0)
            names.ListKind = names.ListKind.Or(names.Kind + "List");
    }
}
