import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

import org.apache.velocity.VelocityContext;
import org.apache.velocity.app.VelocityEngine;
import org.apache.velocity.app.event.EventCartridge;
import org.apache.velocity.app.event.ReferenceInsertionEventHandler;

/**
 * Renders templates by Apache Velocity for velocity_test.go. On stdin: the
 * number of templates, then each as a length and its UTF-8 bytes; on stdout for
 * each: 0 (rendered) or 1 (refused), a length, and the output or the reason.
 * Numbers are 32 bits, big endian.
 */
public final class Render {
    public static void main(String[] args) throws IOException {
        VelocityEngine engine = new VelocityEngine();
        engine.setProperty("runtime.log.logsystem.class", "org.apache.velocity.runtime.log.NullLogChute");
        engine.setProperty("velocimacro.permissions.allow.inline.local.scope", "true");
        engine.setProperty("velocimacro.library", "");
        engine.setProperty("directive.foreach.maxloops", "1000"); // API Gateway's quota
        engine.init();
        DataInputStream in = new DataInputStream(new BufferedInputStream(System.in));
        DataOutputStream out = new DataOutputStream(new BufferedOutputStream(System.out));
        for (int left = in.readInt(), number = 0; left > 0; left--, number++) {
            byte[] text = new byte[in.readInt()];
            in.readFully(text);
            StringWriter written = new StringWriter();
            int status = 0;
            String answer;
            try {
                engine.evaluate(roots(), written, "t" + number, new String(text, StandardCharsets.UTF_8));
                answer = written.toString();
            } catch (RuntimeException e) {
                status = 1;
                answer = String.valueOf(e.getMessage());
            }
            byte[] bytes = answer.getBytes(StandardCharsets.UTF_8);
            out.writeByte(status);
            out.writeInt(bytes.length);
            out.write(bytes);
        }
        out.flush();
    }

    /** What velocityEnv in velocity_test.go has. */
    private static VelocityContext roots() {
        VelocityContext roots = new VelocityContext();
        roots.put("num", 42);
        roots.put("neg", -7);
        roots.put("dec", 2.5);
        roots.put("text", "Hello, World");
        roots.put("empty", "");
        roots.put("odd", "it's a \"q\" $num #if \\ ü");
        roots.put("yes", true);
        roots.put("no", false);
        roots.put("list", new ArrayList<Object>(Arrays.asList(3, 1, 2)));
        roots.put("words", new ArrayList<Object>(Arrays.asList("x", "yy", "")));
        Map<String, Object> deep = new LinkedHashMap<String, Object>();
        deep.put("d", "deep");
        Map<String, Object> map = new LinkedHashMap<String, Object>();
        map.put("k", "v");
        map.put("n", 5);
        map.put("in", deep);
        roots.put("map", map);
        // API Gateway prints nothing where Velocity prints the source of a
        // reference without a value (reference/api-gateway.md 5.6).
        EventCartridge events = new EventCartridge();
        events.addEventHandler(new ReferenceInsertionEventHandler() {
            public Object referenceInsert(String reference, Object value) {
                return value == null ? "" : value;
            }
        });
        events.attachToContext(roots);
        return roots;
    }
}
