using System.Text.Json.Nodes;
using Cluster.Api.Options;
using Google.Protobuf.Reflection;

namespace Cluster.ApiServer.OpenApi;

/// <summary>Schemas of the messages whose JSON is not an object with their fields.</summary>
internal static class JsonForms
{
    public static JsonForm Of(MessageDescriptor message) => message.GetOptions()?.GetExtension(OptionsExtensions.JsonForm) ?? JsonForm.Object;

    public static void Describe(JsonForm form, JsonObject schema, OpenApiVersion version)
    {
        switch (form)
        {
            case JsonForm.Time or JsonForm.MicroTime:
                (schema["format"], schema["type"]) = ("date-time", "string");
                break;
            case JsonForm.Quantity when version == OpenApiVersion.V3:
                schema["oneOf"] = new JsonArray(Scalars.Of("string"), Scalars.Of("number"));
                break;
            case JsonForm.IntOrString when version == OpenApiVersion.V3:
                schema["format"] = "int-or-string";
                schema["oneOf"] = new JsonArray(Scalars.Of("integer"), Scalars.Of("string"));
                break;
            case JsonForm.IntOrString:
                (schema["format"], schema["type"]) = ("int-or-string", "string");
                break;
            case JsonForm.Any or JsonForm.SchemaOrArray or JsonForm.SchemaOrBool or JsonForm.SchemaOrStringArray:
                // Either of two types: to OpenAPI that is any.
                break;
            case JsonForm.Raw:
                schema["type"] = "object";
                break;
            default:
                schema["type"] = "string";
                break;
        }
    }
}
