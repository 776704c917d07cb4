using Cluster.Api.Apply.Fields;
using Cluster.Api.MetaV1;
using Google.Protobuf;

namespace Cluster.Api.Apply.Managers;

/// <summary>One owner and its fields. The fields stay text until somebody asks what they are.</summary>
internal sealed class Manager
{
    private ByteString? text;
    private FieldSet? fields;

    public Manager(ManagerId id, string apiVersion, FieldSet fields) => (Id, ApiVersion, this.fields) = (id, apiVersion, fields);

    public Manager(ManagerId id, string apiVersion, ByteString text) => (Id, ApiVersion, this.text) = (id, apiVersion, text);

    public ManagerId Id { get; }

    /// <summary>The version in which the fields are named.</summary>
    public string ApiVersion { get; }

    public Time? Time { get; set; }

    /// <exception cref="FormatException">The stored text is no set of fields.</exception>
    public FieldSet Fields
    {
        get => fields ??= FieldsText.Read(text!.Span);
        set
        {
            if (ReferenceEquals(value, fields))
                return;
            (fields, text) = (value, null);
        }
    }

    /// <summary>Reads the fields, and forgets the text they came as.</summary>
    /// <exception cref="FormatException">The text is no set of fields.</exception>
    public void Normalize()
    {
        fields = Fields;
        text = null;
    }

    public long Seconds => Time?.Seconds ?? 0;

    public ManagedFieldsEntry ToEntry() => new()
    {
        Manager = Id.Name,
        Operation = Id.Operation,
        ApiVersion = ApiVersion,
        Time = Time,
        FieldsType = ManagerList.FieldsType,
        FieldsV1 = new FieldsV1 { Raw = text ??= FieldsText.Write(Fields) },
        Subresource = Id.Subresource,
    };
}
