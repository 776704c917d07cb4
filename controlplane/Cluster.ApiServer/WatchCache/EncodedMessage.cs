using System.Buffers;
using Cluster.Api.Json;
using Cluster.Api.Protobuf;
using Google.Protobuf;

namespace Cluster.ApiServer.WatchCache;

/// <summary>A message with its wire forms, each made at most once and shared by everyone who sends it.</summary>
/// <remarks>Two readers that ask first at the same time may both encode; one result stays. The message must not change any more.</remarks>
public class EncodedMessage
{
    // Most objects' JSON fits at the first try.
    private const int UsualBytes = 4096;

    // A single large object must not keep its buffer for good.
    private const int KeptBytes = 64 * 1024;

    // Of rests in a row: the message is made anew in some microseconds, its texts take longer and are what lists and watches share.
    private const int RestsWithMessage = 1;
    private const int RestsWithForms = 6;

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _buffer;

    private IMessage? _message;
    private byte[]? _json;
    private byte[]? _protobuf;
    private byte _messageRests;
    private byte _formRests;

    public EncodedMessage(IMessage message, string apiVersion, string kind)
        : this(apiVersion, kind) => _message = message;

    /// <summary>The message is made by <see cref="Decode"/> where it is asked for.</summary>
    protected EncodedMessage(string apiVersion, string kind) => (ApiVersion, Kind) = (apiVersion, kind);

    public IMessage Message
    {
        get
        {
            if (_messageRests != 0)
                _messageRests = 0;
            if (Volatile.Read(ref _message) is { } message)
                return message;
            message = Decode();
            Volatile.Write(ref _message, message);
            return message;
        }
    }

    public string ApiVersion { get; }

    public string Kind { get; }

    /// <summary>JSON with kind and apiVersion, in that order, at its beginning.</summary>
    public ReadOnlyMemory<byte> Json => Used(ref _json) ?? (_json = EncodeJson());

    /// <summary>Kubernetes protobuf in its envelope.</summary>
    public ReadOnlyMemory<byte> Protobuf => Used(ref _protobuf) ?? (_protobuf = Envelope.Encode(Message, ApiVersion, Kind));

    /// <summary>The message is in memory.</summary>
    internal bool HasMessage => Volatile.Read(ref _message) is not null;

    /// <summary>A form was asked for before and is still there.</summary>
    internal bool HasForm(bool protobuf) => Volatile.Read(ref protobuf ? ref _protobuf : ref _json) is not null;

    /// <summary>The message again, of one that can let go of it.</summary>
    protected virtual IMessage Decode() => throw new InvalidOperationException("the message was given and is kept");

    /// <summary>Lets go of the message; its next user has it made anew.</summary>
    protected void ForgetMessage() => Volatile.Write(ref _message, null);

    /// <summary>Called from time to time: lets go of what nobody has used for some calls in a row. True: the forms are among it.</summary>
    protected bool RestParts()
    {
        if (_message is not null && _messageRests++ >= RestsWithMessage)
            ForgetMessage();
        if (_formRests++ < RestsWithForms)
            return false;
        _formRests = 0;
        Volatile.Write(ref _json, null);
        Volatile.Write(ref _protobuf, null);
        return true;
    }

    /// <summary>What was made of it is in use.</summary>
    protected void Touch()
    {
        if (_formRests != 0)
            _formRests = 0;
    }

    private byte[]? Used(ref byte[]? form)
    {
        Touch();
        return Volatile.Read(ref form);
    }

    private byte[] EncodeJson()
    {
        var output = _buffer ??= new ArrayBufferWriter<byte>(UsualBytes);
        output.ResetWrittenCount();
        JsonCodec.Encode(Message, output, ApiVersion, Kind, resourceVersion: null);
        if (output.Capacity > KeptBytes)
            _buffer = null;
        return output.WrittenSpan.ToArray();
    }
}
