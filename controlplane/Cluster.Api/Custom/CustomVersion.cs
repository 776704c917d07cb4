using Cluster.Api.ApiExtensionsV1;
using Cluster.Api.Custom.Paths;
using Cluster.Api.Custom.Schemas;
using Cluster.Api.Selectors;
using Cluster.Api.Tables;

namespace Cluster.Api.Custom;

/// <summary>What a definition says of one version of its kind, made for use. Immutable.</summary>
public sealed class CustomVersion
{
    /// <summary>The schema of the whole object.</summary>
    public required CustomSchema Schema { get; init; }

    /// <summary>The kind in all versions of its definition, the stored one first; those that are not served have no verbs. Set once, by who makes them.</summary>
    public IReadOnlyList<ResourceType> Versions { get; internal set; } = [];

    /// <summary>The schema as the definition has it, for documents. Not to be changed.</summary>
    public required JSONSchemaProps Declared { get; init; }

    /// <summary>The status is written apart from the rest.</summary>
    public required bool HasStatus { get; init; }

    /// <summary>Where the parts of the scale stand; null: there is no scale.</summary>
    public required CustomScale? Scale { get; init; }

    public required TableColumns Columns { get; init; }

    /// <summary>Fields that selectors may use, besides name and namespace.</summary>
    public required IReadOnlyList<JsonPath> SelectableFields { get; init; }

    /// <summary>What whoever uses the version is warned with; null: nothing.</summary>
    public required string? Warning { get; init; }

    /// <summary>The webhook that converts objects between the kind's versions; null: versions differ by their names and by which fields they know.</summary>
    public WebhookConversion? Webhook { get; init; }

    /// <summary>The fields that selectors may use.</summary>
    public SelectableFields Selectable => field ??= Selectors.SelectableFields.OfCustom(SelectableFields);
}
