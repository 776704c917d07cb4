using Cluster.Api.Custom.Schemas;

namespace Cluster.Api.Custom;

/// <summary>
/// Between the versions of an added kind that no webhook converts: they differ by their names and by which fields they know. Of one that a
/// webhook converts, an object in the version it is in already.
/// </summary>
public static class CustomConversion
{
    /// <summary>The object as the version knows it, with the version's defaults; the object itself where that is no change.</summary>
    /// <param name="obj">Not changed.</param>
    /// <param name="version">The version it is to be of.</param>
    /// <exception cref="StatusException">413: the defaults make it too large.</exception>
    public static CustomObject To(CustomObject obj, ResourceType version) => Converted(obj, version.Custom!.Schema, withDefaults: true);

    /// <summary>As <see cref="To"/>, of what is there already: where the defaults make it too large it is without them.</summary>
    /// <param name="obj">Not changed.</param>
    /// <param name="version">The version it is to be of.</param>
    public static CustomObject Read(CustomObject obj, ResourceType version)
    {
        try
        {
            return To(obj, version);
        }
        catch (StatusException)
        {
            // No reader of it, nor of a list it is in, can help that.
            return Converted(obj, version.Custom!.Schema, withDefaults: false);
        }
    }

    /// <summary>Fills in defaults.</summary>
    /// <param name="obj">Changed.</param>
    /// <param name="version">The version whose defaults count.</param>
    /// <exception cref="StatusException">413: they make it too large.</exception>
    public static void Default(CustomObject obj, ResourceType version)
    {
        var content = CustomJson.Content(obj);
        if (SchemaDefaults.Apply(content, version.Custom!.Schema))
            CustomJson.SetContent(obj, content);
    }

    private static CustomObject Converted(CustomObject obj, CustomSchema schema, bool withDefaults)
    {
        var content = CustomJson.Content(obj);
        List<string> gone = [];
        SchemaPruning.Prune(content, schema, gone);
        SchemaDefaults.DropNulls(content, schema);
        var isFilled = withDefaults && SchemaDefaults.Apply(content, schema);
        if (gone.Count == 0 && !isFilled)
            return obj;
        var converted = new CustomObject { Metadata = obj.Metadata };
        CustomJson.SetContent(converted, content);
        return converted;
    }
}
